import type { Connection } from "./connection.js";

/** What a {@link Connector} is doing. */
export type Phase =
  | { readonly name: "idle" }
  | { readonly name: "connected"; readonly connection: Connection }
  /** `until` is a time by the wall: what the server or a policy asked for passes during sleep too. */
  | { readonly name: "waiting"; readonly until: number; readonly hurriable: boolean }
  /** `notBefore` is a time by the wall that was waited for. */
  | { readonly name: "suspended"; readonly notBefore: number }
  | { readonly name: "ended" };

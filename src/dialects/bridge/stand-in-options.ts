import type { Clock } from "../../internal/clock.js";
import type { Scope } from "../../internal/scope.js";
import type { Dialect, RemoteAddress } from "../dialect.js";
import type { RemoteObserver } from "./remote-link.js";

/** The stream's end of the connection, which is in the same program. */
export interface Client {
  send(json: string): void;
  close(code: number, reason: string): void;
}

export interface StandInOptions {
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly scope: Scope;
  connect(address: RemoteAddress, observer: RemoteObserver, scope: Scope): void;
}

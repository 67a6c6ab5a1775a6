import type { ResourceChange } from "../../internal/resource-reports.js";
import type { SessionCheckpoint } from "../../session/session-io.js";
import type { SessionOptions } from "../../session/session-options.js";
import type { RunningCommand, RunningEvent, RunningOptions, RunningStats } from "../running-messages.js";
import type { Wired, WireError } from "./wire-error.js";
import type { WorkerGreeting } from "./worker-greeting.js";

/** What the application is asked on the page for. */
export type Question = "token" | "url";

/** How the worker reaches the server. */
export interface WorkerAddress {
  /** `undefined` if the page is asked before each connection. */
  readonly url: string | undefined;
  readonly protocols: string | readonly string[] | undefined;
  /** What the transport is made of, if it is more than an address. */
  readonly given?: string | undefined;
  /** What relative addresses are relative to. */
  readonly baseUrl: string;
}

/** What the running side in the worker is made with. */
export interface WorkerSetup {
  /** Without functions: randomness is the worker's own. */
  readonly options: Omit<RunningOptions, "session"> & {
    readonly session: Omit<SessionOptions, "random" | "extension">;
  };
  readonly address: WorkerAddress;
  /** Whether the stream plays what the server says. */
  readonly plays?: boolean;
}

/** From the page to the worker. */
export type PageMessage =
  | { readonly type: "open"; readonly setup: WorkerSetup }
  | { readonly type: "command"; readonly command: RunningCommand }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "no-answer"; readonly id: number; readonly error: WireError }
  /** The page has handled a batch of events. */
  | { readonly type: "seen" }
  | { readonly type: "ping" }
  /** Everything ends: the socket is closed, and `gone` says what is lost. */
  | { readonly type: "abort" };

/** What happens in a worker beside what happens in any running side. */
export type WorkerEvent =
  | RunningEvent
  | { readonly type: "ask"; readonly id: number; readonly question: Question; readonly attempt: number }
  /** The answer is of no use any more. */
  | { readonly type: "unask"; readonly id: number }
  | { readonly type: "resource"; readonly change: ResourceChange }
  | {
      readonly type: "unreleased";
      readonly failures: readonly { readonly resource: string; readonly message: string }[];
    };

/** From the worker to the page. */
export type WorkerMessage =
  /** The code runs. Nothing comes before it. */
  | WorkerGreeting
  | { readonly type: "pong" }
  | {
      readonly type: "events";
      readonly events: readonly Wired<WorkerEvent>[];
      /** What another worker needs to go on after these events, should this one die. */
      readonly checkpoint: SessionCheckpoint | undefined;
    }
  /** Everything is released. Nothing follows. */
  | { readonly type: "gone"; readonly events: readonly Wired<WorkerEvent>[]; readonly stats: RunningStats };

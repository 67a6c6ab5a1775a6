import type { RunningCommand, RunningEvent, RunningStats } from "./running-messages.js";
import type { SourceAccount } from "./source-account.js";

/** Whom a host calls. */
export interface HostObserver {
  /** What was captured, for the end of a running side that does not say what it had. */
  readonly source: SourceAccount;
  onEvent(event: RunningEvent): void;
  /** The running side has died, and there is another one, which has to be told all that the other one was told. */
  onReplaced(): void;
  /** Nothing runs any more, and there are {@link RunningHost.lastStats}. */
  onGone(): void;
}

/** Where a running side runs. */
export interface RunningHost {
  /** Which one it is, as the stats report it. */
  readonly kind: "page" | "worker";
  /** @param transfer what is handed over with the command, if it has to cross to another thread. */
  post(command: RunningCommand, transfer: readonly Transferable[]): void;
  /** The figures of a running side that is not there any more. */
  readonly lastStats: RunningStats | undefined;
}

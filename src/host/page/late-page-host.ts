import type { AudioStreamError } from "../../errors.js";
import type { Scope } from "../../internal/scope.js";
import type { SessionCheckpoint } from "../../session/session-io.js";
import { loadRunningCode, type RunningCode } from "../running/running-code-loader.js";
import type { HostObserver, RunningHost } from "../running-host.js";
import type { RunningCommand, RunningStats } from "../running-messages.js";
import { countUnheard } from "./unheard.js";

/** What a {@link LatePageHost} is made with. */
export interface LatePageHostParts extends Pick<HostObserver, "source" | "onEvent" | "onGone"> {
  /** Its disposal ends the running side. */
  readonly scope: Scope;
  /** What another running side has left behind. */
  readonly restored: SessionCheckpoint | undefined;
  open(code: RunningCode): RunningHost;
}

/** Runs on the page once the code for that is loaded. Until then it keeps what it is told. */
export class LatePageHost implements RunningHost {
  readonly kind = "page";
  readonly #parts: LatePageHostParts;
  #host: RunningHost | undefined;
  #waiting: RunningCommand[] = [];
  #lastStats: RunningStats | undefined;

  constructor(parts: LatePageHostParts) {
    this.#parts = parts;
    parts.scope.defer("running side's code", () => this.#end());
    void this.#load();
  }

  get lastStats(): RunningStats | undefined {
    return this.#lastStats;
  }

  post(command: RunningCommand): void {
    if (this.#host === undefined) this.#waiting.push(command);
    else this.#host.post(command, []);
  }

  async #load(): Promise<void> {
    const { scope, open, onEvent } = this.#parts;
    const code = await loadRunningCode(scope).catch((error: AudioStreamError) => {
      if (!scope.disposed) onEvent({ type: "failed", error });
    });
    if (code === undefined || scope.disposed) return;
    const host = open(code);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) host.post(next, []);
    this.#host = host;
  }

  #end(): void {
    if (this.#host !== undefined) return;
    const { restored, source, onEvent, onGone } = this.#parts;
    const { stats, lost } = countUnheard(restored, source);
    this.#waiting.length = 0;
    this.#lastStats = stats;
    for (const range of lost) onEvent({ type: "drop", range });
    onGone();
  }
}

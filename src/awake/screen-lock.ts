import type { Registration, Scope } from "../internal/scope.js";
import type { AwakeState, KeepAwakeOptions } from "./keep-awake-options.js";

/** The browser's wake lock for the screen: held while it is wanted and the page can be seen. */
export class ScreenLock {
  readonly #scope: Scope;
  readonly #onChange: KeepAwakeOptions["onChange"];
  #state: AwakeState = "idle";
  #wanted = false;
  /** What the browser has given. */
  #held: Registration | undefined;
  /** An answer to an earlier question is nobody's. */
  #asked = 0;

  /** @param scope lets go of the screen when it ends. */
  constructor(scope: Scope, onChange: KeepAwakeOptions["onChange"]) {
    this.#scope = scope;
    this.#onChange = onChange;
  }

  want(wanted: boolean): void {
    if (this.#scope.disposed || wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.look();
  }

  /** The page may have come, or gone. */
  look(): void {
    if (!this.#wanted) {
      this.#letGo();
      this.#tell("idle");
    } else if (typeof document === "undefined" || globalThis.navigator?.wakeLock === undefined) {
      this.#tell("unsupported");
    } else if (document.visibilityState !== "visible") {
      this.#letGo();
      this.#tell("hidden");
    } else if (this.#held === undefined) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asked += 1;
    const turn = this.#asked;
    try {
      const sentinel = await navigator.wakeLock.request("screen");
      const lock = this.#scope.defer("screen wake lock", () => sentinel.release());
      if (turn !== this.#asked) {
        lock.dispose();
        return;
      }
      this.#scope.listen(sentinel, "release", () => this.#onTaken(lock), { once: true });
      this.#held = lock;
      if (sentinel.released) this.#onTaken(lock);
      else this.#tell("held");
    } catch {
      if (turn === this.#asked) this.#tell("refused");
    }
  }

  /** The browser has taken it back. */
  #onTaken(lock: Registration): void {
    lock.release();
    if (lock !== this.#held) return;
    this.#held = undefined;
    this.#tell(document.visibilityState === "visible" ? "refused" : "hidden");
  }

  #letGo(): void {
    this.#asked += 1;
    const held = this.#held;
    this.#held = undefined;
    held?.dispose();
  }

  #tell(state: AwakeState): void {
    if (this.#scope.disposed || state === this.#state) return;
    this.#state = state;
    try {
      this.#onChange?.(state);
    } catch (error) {
      // As with any listener.
      reportError(error);
    }
  }
}

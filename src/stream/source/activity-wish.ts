import { type Deferred, deferred } from "../../internal/deferred.js";
import type { Registration, Scope } from "../../internal/scope.js";
import { NO_LISTENER, overtakenBy } from "./calls.js";

/** How much of a source is in use. `released` is `paused` without a device. */
export type Activity = "running" | "paused" | "released";

/** Whether a source that is `actual` does what is `wanted`: one that is released is paused as well. */
export function satisfies(actual: Activity, wanted: Activity): boolean {
  return actual === wanted || (wanted === "paused" && actual === "released");
}

interface Call {
  readonly asked: Activity;
  /** What the source has to be for as long as this call is the last one. */
  readonly target: Activity;
  readonly done: Deferred<void>;
  following: Registration;
}

/** What the callers want a source to be. The last call wins; one whose signal aborts has never been. */
export class ActivityWish {
  readonly #scope: Scope;
  readonly #pending = new Set<Call>();
  /** What the source became when the calls were last done. */
  #settled: Activity = "running";
  #latest: Call | undefined;

  /** @param scope holds the listeners on the callers' signals. */
  constructor(scope: Scope) {
    this.#scope = scope;
  }

  get wanted(): Activity {
    return this.#latest?.target ?? this.#settled;
  }

  /**
   * Asks for `asked`. A pause does not take a release back.
   * @param onWithdrawn is called when the signal aborts before it is done.
   */
  ask(name: string, asked: Activity, signal: AbortSignal | undefined, onWithdrawn: () => void): Promise<void> {
    // A resumption that is overtaken has never been, and neither has what it would have taken back.
    const isReleased = this.wanted === "released" || this.#settled === "released";
    const target = asked === "paused" && isReleased ? "released" : asked;
    const call: Call = {
      asked,
      target,
      done: deferred(),
      following: NO_LISTENER,
    };
    // Whoever hears of an answer may make the next call, which is later than this one.
    const others = [...this.#pending];
    this.#latest = call;
    this.#pending.add(call);
    for (const other of others) {
      if (!satisfies(target, other.asked)) this.#settle(other, () => other.done.reject(overtakenBy(name)));
    }
    call.following = this.#scope.follow(signal, (reason) => {
      this.#withdraw(call, reason);
      onWithdrawn();
    });
    if (!this.#pending.has(call)) call.following.dispose();
    return call.done.promise;
  }

  /** The source has become what is wanted, or more than the last call but one asked for. */
  reached(actual: Activity): void {
    if (!satisfies(actual, this.wanted)) return;
    this.#settled = actual;
    this.#latest = undefined;
    for (const call of [...this.#pending]) this.#settle(call, () => call.done.resolve());
  }

  /** The source could not become what is wanted, and is `actual`. @returns whether a caller was told. */
  failed(error: unknown, actual: Activity): boolean {
    const told = this.#pending.size > 0;
    this.#settled = actual;
    this.#latest = undefined;
    this.end(error);
    return told;
  }

  /** Nothing will be done any more. */
  end(reason: unknown): void {
    for (const call of [...this.#pending]) this.#settle(call, () => call.done.reject(reason));
  }

  /** What was asked before holds again, as far as nobody was told that it does not. */
  #withdraw(call: Call, reason: unknown): void {
    this.#settle(call, () => call.done.reject(reason));
    if (this.#latest === call) this.#latest = [...this.#pending].at(-1);
  }

  #settle(call: Call, settle: () => void): void {
    this.#pending.delete(call);
    call.following.dispose();
    settle();
  }
}

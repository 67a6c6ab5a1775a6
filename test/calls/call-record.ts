import { isAudioStreamError } from "../../src/errors.js";

/** What is asked of a source. */
export type Asked = "running" | "paused" | "released";

/** One call, and what became of it. */
export interface MadeCall {
  readonly name: string;
  /** What is asked of the source, if anything is. */
  readonly asks?: Asked | undefined;
  readonly device?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A later call asked for something else before it was done. */
  overtaken: boolean;
  outcome: "pending" | "fulfilled" | "rejected";
  reason?: unknown;
}

/** The calls of one run, and what they ask for together. */
export class CallRecord {
  readonly calls: MadeCall[] = [];
  /** How many calls there were when the source could not be brought to where it was wanted. */
  #stuckAt = -1;

  /** Notes a call that is about to be made. */
  add(call: Pick<MadeCall, "name" | "asks" | "device" | "signal">): MadeCall {
    const made: MadeCall = { ...call, overtaken: false, outcome: "pending" };
    if (call.signal?.aborted !== true) this.#overtake(made);
    this.calls.push(made);
    return made;
  }

  /** The source could not be brought back to where it was before a call that was aborted, or mend its device. */
  stuck(): void {
    this.#stuckAt = this.calls.length;
  }

  /** What the calls that were done want of the source together. */
  get wanted(): Asked {
    return together(this.calls.filter(({ outcome }) => outcome === "fulfilled"));
  }

  /** The same, with the calls that are under way and were neither overtaken nor aborted. */
  get asked(): Asked {
    return together(this.calls.filter(isStanding));
  }

  /** No call is under way that wants to change what the source does. */
  get isSettled(): boolean {
    return this.calls.every(({ asks, outcome }) => asks === undefined || outcome !== "pending");
  }

  /** The names of calls that have not been answered. One of a reader waits for a message, and may do so for ever. */
  get unanswered(): string[] {
    return this.calls
      .filter(({ name, outcome }) => outcome === "pending" && name !== "messages")
      .map(({ name }) => name);
  }

  /** The device that was chosen last, unless the source may be stuck with another one. */
  get chosen(): string | undefined {
    const last = this.calls.findLastIndex(({ device, outcome }) => device !== undefined && outcome === "fulfilled");
    return this.#stuckAt > last ? undefined : this.calls[last]?.device;
  }

  /** Whether a switch to another device may be under way. */
  get isSwitching(): boolean {
    return this.calls.some((call) => call.device !== undefined && isStanding(call));
  }

  /** Whether no later call asked anything of the source. */
  isLast(made: MadeCall): boolean {
    return this.calls.findLast(({ asks }) => asks !== undefined) === made;
  }

  /** A source that failed to do what was asked last is where it was, or where the failure left it: both are right. */
  get isUncertain(): boolean {
    const isAsking = ({ asks, device }: MadeCall): boolean => asks !== undefined || device !== undefined;
    const failed = this.calls.findLastIndex(
      (call) => isAsking(call) && call.outcome === "rejected" && isAudioStreamError(call.reason),
    );
    const done = this.calls.findLastIndex(({ asks, outcome }) => asks !== undefined && outcome === "fulfilled");
    return this.#stuckAt > done || failed > done;
  }

  /** Calls that are under way and ask for something else are not followed any more. */
  #overtake(made: MadeCall): void {
    const { asks } = made;
    const target = asks === "paused" && this.asked === "released" ? "released" : asks;
    for (const other of this.calls) {
      if (other.outcome !== "pending") continue;
      const isSame = other.asks === target || (other.asks === "paused" && target === "released");
      if (asks !== undefined && other.asks !== undefined && !isSame) other.overtaken = true;
      if (made.device !== undefined && other.device !== undefined) other.overtaken = true;
    }
  }
}

const isStanding = ({ outcome, overtaken, signal }: MadeCall): boolean =>
  outcome === "fulfilled" || (outcome === "pending" && !overtaken && signal?.aborted !== true);

/** What these calls ask for, one after the other. A pause does not take a release back. */
function together(calls: readonly MadeCall[]): Asked {
  let asked: Asked = "running";
  for (const { asks } of calls) if (asks !== undefined && (asks !== "paused" || asked !== "released")) asked = asks;
  return asked;
}

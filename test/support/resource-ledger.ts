import { join } from "node:path";

/** Something that a test, or the code under test, made and has not let go of. */
export interface Leak {
  readonly kind: string;
  readonly what: string;
  /** The project's own lines in the stack of the call that made it, innermost first; empty where nobody knows. */
  readonly madeAt: readonly string[];
}

interface Entry {
  readonly order: number;
  readonly kind: string;
  readonly what: string;
  readonly stack: string;
  isLive(): boolean;
}

const ROOT = join(import.meta.dirname, "../../");
const STACK_DEPTH = 30;
/** A thread's ports and what Node listens for on them end with the thread, which is counted itself. */
const MADE_BY_NODE_FOR_A_THREAD = /\(node:internal\/worker[:/]/;

/**
 * As text at once: an error whose stack nobody has read keeps every object alive that had a method on it. A test that makes
 * a great many things goes without, by asking for no stack at all.
 */
function stackHere(): string {
  const { stackTraceLimit } = Error;
  if (stackTraceLimit === 0) return "";
  Error.stackTraceLimit = STACK_DEPTH;
  const { stack = "" } = new Error("made here");
  Error.stackTraceLimit = stackTraceLimit;
  return stack;
}

/** Hands a listener on to the platform, for whoever called it. */
const FORWARDER = "src/internal/typed-event-target.ts";

/** The lines of the stack that are the project's own, without those of the monitor and of what only hands on. */
function ownLines(stack: string): string[] {
  const lines = stack.split("\n").slice(1);
  return lines
    .map((line) => line.trim().replace("file://", ""))
    .filter((line) => line.includes(ROOT) && !line.includes("/node_modules/") && !line.includes("/support/resource-"))
    .filter((line) => !line.includes(FORWARDER))
    .map((line) => line.replace(ROOT, ""));
}

/** Tests listen to what they watch, and that goes when they do; the code under test has to take its listeners away. */
const isOurs = (kind: string, [innermost]: readonly string[]): boolean =>
  innermost !== undefined && (kind !== "listener" || /[ (](?:src|examples)\//.test(innermost));

/** Remembers what was made, when and where, until it ends. What libraries make for themselves is not its business. */
export class ResourceLedger {
  #order = 0;
  readonly #entries = new Set<Entry>();

  /** A point in time, for {@link since}. */
  get mark(): number {
    return this.#order;
  }

  /** @returns what to call when the resource has ended, if `isLive` does not tell. */
  add(kind: string, what: string, isLive: () => boolean = () => true): () => void {
    this.#order += 1;
    const stack = stackHere();
    if (kind === "listener" && MADE_BY_NODE_FOR_A_THREAD.test(stack)) return () => {};
    const entry: Entry = { order: this.#order, kind, what, stack, isLive };
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  }

  /** What was made after the mark and is still there. */
  since(mark: number): Leak[] {
    const leaks: Leak[] = [];
    for (const entry of this.#entries) {
      if (!entry.isLive()) this.#entries.delete(entry);
      else if (entry.order > mark) {
        const madeAt = ownLines(entry.stack);
        if (isOurs(entry.kind, madeAt)) leaks.push({ kind: entry.kind, what: entry.what, madeAt });
      }
    }
    return leaks;
  }
}

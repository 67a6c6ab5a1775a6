import { seconds } from "../page/format.js";

/** Tells what the server could not do with audio or captions, from its `queue.drop` messages: one line for each kind of loss. */
export class QueueDrops {
  readonly #newLine: () => (text: string) => void;
  readonly #lines = new Map<string, { readonly rewrite: (text: string) => void; ms: number }>();

  /** @param newLine begins a line, and returns what writes it, again and again. */
  constructor(newLine: () => (text: string) => void) {
    this.#newLine = newLine;
  }

  add(data: unknown): void {
    const { queue, ms } = (typeof data === "object" && data !== null ? data : {}) as Readonly<Record<string, unknown>>;
    const kind = queue === "engine" || queue === "recording" ? queue : "events";
    const line = this.#lines.get(kind) ?? { rewrite: this.#newLine(), ms: 0 };
    this.#lines.set(kind, line);
    if (typeof ms === "number" && ms > 0) line.ms += ms;
    line.rewrite(sentenceOf(kind, line.ms));
  }
}

function sentenceOf(kind: "engine" | "recording" | "events", ms: number): string {
  const howMuch = ms === 0 ? "some audio" : `${seconds(ms)} of audio`;
  if (kind === "engine") return `The recogniser fell behind: ${howMuch} without captions, recorded all the same.`;
  if (kind === "recording") return `The server could not record ${howMuch}.`;
  return "The server left out captions that it could not send in time.";
}

import { type LeftStream, type RecoveredAudio, recoverStreams, wasDiscarded } from "loquilex/journal";
import type { Scope } from "loquilex/resources";
import { seconds } from "../page/format.js";
import { type PageElements, write } from "../page/page-elements.js";
import { JOURNAL_WORKER_URL } from "./start-stream.js";

/** After so long a stream that has failed holds its journal no more, in milliseconds. */
const LET_GO_MS = 1_000;

/** Offers to send what an earlier page, or a stream of this one that has failed, has left on the disk, or to discard it. */
export class LeftAudio {
  readonly #page: PageElements;
  readonly #life: Scope;
  readonly #server: URL;
  #found: readonly LeftStream[] = [];
  /** What is being done with it. */
  #work: { readonly scope: Scope; readonly done: Promise<void> } | undefined;

  constructor(page: PageElements, life: Scope, server: URL) {
    this.#page = page;
    this.#life = life;
    this.#server = server;
    life.listen(page.leftSend, "click", () => {
      if (this.#work === undefined) this.#do((signal) => this.#send(signal));
    });
    // What is being sent is not wanted any more.
    life.listen(page.leftDiscard, "click", () => this.#do((signal) => this.#discard(signal)));
  }

  /** Looks for it, and offers what is there. */
  look(): void {
    if (this.#work === undefined) this.#do((signal) => this.#look(signal));
  }

  /** As {@link look}, for what a stream leaves that has just failed. */
  lookSoon(): void {
    this.#life.timeout(LET_GO_MS, () => this.look());
  }

  /** Does one thing, in place of what is being done. */
  #do(what: (signal: AbortSignal) => Promise<void>): void {
    const before = this.#work;
    const scope = this.#life.child("audio from before");
    const run = async (): Promise<void> => {
      await before?.scope.dispose();
      await before?.done;
      try {
        await what(scope.signal);
      } catch (error) {
        // Another press or the page's end has come in between.
        if (!scope.disposed) write(this.#page.leftWords, `${sentenceOf(error)} It is still kept on this device.`);
      }
      await scope.dispose();
    };
    const work = { scope, done: run() };
    this.#work = work;
    this.#showButtons();
    void work.done.then(() => {
      if (this.#work !== work) return;
      this.#work = undefined;
      this.#showButtons();
    });
  }

  async #look(signal: AbortSignal): Promise<void> {
    let found: readonly LeftStream[];
    try {
      found = await recoverStreams({ signal, workerUrl: JOURNAL_WORKER_URL });
    } catch {
      // Where nothing can be kept nothing is left; the next start says so.
      return;
    }
    // The server has everything of these; only the end is missing.
    const isComplete = ({ error, durationMs }: LeftStream): boolean => error === undefined && durationMs === 0;
    for (const left of found.filter(isComplete)) await left.discard({ signal });
    this.#found = found.filter((left) => !isComplete(left));
    if (this.#found.length === 0) return;
    this.#page.left.hidden = false;
    write(this.#page.leftWords, offerOf(this.#found));
  }

  async #send(signal: AbortSignal): Promise<void> {
    const token = this.#page.token.value;
    const getToken = token === "" ? undefined : () => token;
    write(this.#page.leftWords, "It is being sent. Discard it if you want to keep it from the server.");
    const sent: RecoveredAudio[] = [];
    for (const left of this.#found.filter(isReadable)) {
      sent.push(await left.recover(this.#server, { signal, getToken }));
      this.#found = this.#found.filter((other) => other !== left);
    }
    write(this.#page.leftWords, sentenceAbout(sent));
  }

  async #discard(signal: AbortSignal): Promise<void> {
    for (const left of this.#found) {
      await left.discard({ signal });
      this.#found = this.#found.filter((other) => other !== left);
    }
    write(this.#page.leftWords, "It is gone.");
  }

  #showButtons(): void {
    const { leftSend, leftDiscard, start, body } = this.#page;
    const focused = body.ownerDocument.activeElement;
    leftSend.hidden = !this.#found.some(isReadable);
    leftSend.setAttribute("aria-disabled", String(this.#work !== undefined));
    leftDiscard.hidden = this.#found.length === 0;
    // Who works by the keyboard would be sent back to the top of the page.
    if (focused?.matches("[hidden]") === true) start.focus();
  }
}

const isReadable = ({ error }: LeftStream): boolean => error === undefined;

function offerOf(found: readonly LeftStream[]): string {
  const why = wasDiscarded() ? ["Your browser had put this page away to save memory."] : [];
  const readable = found.filter(isReadable);
  if (readable.length === 0) return [...why, ...found.map(({ error }) => error?.message ?? "")].join(" ");
  const durationMs = readable.reduce((sum, left) => sum + left.durationMs, 0);
  const leftAt = new Date(Math.max(...readable.map((left) => left.leftAt)));
  const when = leftAt.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  return [
    ...why,
    `${seconds(durationMs)} of sound from ${when} did not reach the server.`,
    "It is kept on this device.",
  ].join(" ");
}

function sentenceAbout(sent: readonly RecoveredAudio[]): string {
  const durationMs = sent.reduce((sum, one) => sum + one.durationMs, 0);
  const lostMs = sent
    .flatMap(({ lost, sampleRate }) => lost.map(({ from, to }) => ((to - from) * 1_000) / sampleRate))
    .reduce((sum, each) => sum + each, 0);
  if (lostMs === 0) return `The server has all ${seconds(durationMs)} of it.`;
  return `The server has it, but for ${Math.round(lostMs).toLocaleString("en")} ms that were lost.`;
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

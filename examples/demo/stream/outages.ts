import type { ReconnectedEvent, ReconnectingEvent } from "loquilex";
import { exactTime, seconds } from "../page/format.js";

/** Tells each outage in one line, from its first failure to what became of it. */
export class Outages {
  readonly #newLine: () => (text: string) => void;
  #rewrite: ((text: string) => void) | undefined;
  #attempts = 0;

  /** @param newLine begins a line, and returns what writes it, again and again. */
  constructor(newLine: () => (text: string) => void) {
    this.#newLine = newLine;
  }

  failed({ delayMs, error }: Pick<ReconnectingEvent, "delayMs" | "error">): void {
    this.#rewrite ??= this.#newLine();
    this.#attempts += 1;
    const next = this.#attempts === 1 ? "Next attempt" : `Attempt ${this.#attempts}`;
    this.#rewrite(`${error.message} ${next} in ${seconds(delayMs)}.`);
  }

  /** @returns what cannot be saved any more, one sentence each. */
  isOver(
    event: Pick<ReconnectedEvent, "resumed" | "downtimeMs" | "replayedFrames" | "missingAudio" | "missingMessages">,
  ): string[] {
    const rewrite = this.#rewrite ?? this.#newLine();
    const attempts = this.#attempts > 1 ? `, after ${this.#attempts} attempts` : "";
    const back = `Away for ${seconds(event.downtimeMs)}${attempts}.`;
    rewrite(
      event.resumed
        ? `${back} ${event.replayedFrames} frames that waited here follow.`
        : `${back} The server had lost the session, and goes on with a new one.`,
    );
    this.#rewrite = undefined;
    this.#attempts = 0;
    return losses(event);
  }
}

function losses({
  missingAudio,
  missingMessages,
}: Pick<ReconnectedEvent, "missingAudio" | "missingMessages">): string[] {
  const sentences: string[] = [];
  if (missingAudio !== undefined) {
    sentences.push(
      `The server no longer has the audio from ${exactTime(missingAudio.from)} to ${exactTime(missingAudio.to)}.`,
    );
  }
  const messages = missingMessages.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0);
  if (messages > 0) sentences.push(`${messages} messages of the server were lost for good.`);
  return sentences;
}

import { isAudioStreamError } from "../errors.js";
import type { AudioStream } from "../stream/audio-stream.js";

/** Which microphone a person has chosen, before and while a stream runs. What is shown as chosen is what is used. */
export class MicrophoneChoice {
  readonly #onRefused: (error: Error) => void;
  /** The id, empty for the browser's choice; `undefined` if the person has left the choice to the page. */
  #chosen: string | undefined;
  /** The choice that the latest stream has been asked for. */
  #asked: string | undefined;

  /** @param onRefused is told why a choice was given up for the one before it. */
  constructor(onRefused: (error: Error) => void) {
    this.#onRefused = onRefused;
  }

  /** The id to show, empty for the browser's choice. @param given what the page asks for. */
  of(given: ConstrainDOMString | undefined): string {
    return this.#chosen ?? idIn(given);
  }

  /** What a new stream is to ask for. @param given what the page asks for. */
  begin(given: ConstrainDOMString | undefined): ConstrainDOMString | undefined {
    this.#asked = this.#chosen;
    return this.#chosen === undefined ? given : this.#chosen || undefined;
  }

  choose(deviceId: string, stream: AudioStream | undefined): void {
    this.#chosen = deviceId;
    void this.follow(stream);
  }

  /** To be called when the stream has changed: it is asked for the choice as soon as it has a microphone. Never rejects. */
  async follow(stream: AudioStream | undefined): Promise<void> {
    const [before, chosen] = [this.#asked, this.#chosen];
    if (stream === undefined || chosen === undefined || chosen === before || isEnding(stream)) return;
    this.#asked = chosen;
    try {
      await stream.setDevice(chosen || undefined);
    } catch (error) {
      // Overtaken by another choice, or of use for the next stream only.
      if (this.#asked !== chosen || isEnding(stream)) return;
      this.#asked = before;
      // The microphone is not open yet.
      if (isAudioStreamError(error, "invalid-state")) return;
      this.#chosen = before;
      this.#onRefused(error as Error);
    }
  }
}

const isEnding = ({ state }: AudioStream): boolean => state === "closing" || state === "closed";

/** The id that is asked for, empty if the choice is left to the browser. */
function idIn(asked: ConstrainDOMString | undefined): string {
  const exact = typeof asked === "object" && !Array.isArray(asked) ? asked.exact : asked;
  return typeof exact === "string" ? exact : "";
}

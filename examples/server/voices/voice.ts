import {
  type AudioOffer,
  type ClientMessage,
  isPlaybackMessage,
  PlaybackSender,
  ShapeError,
  type WireAudioFrame,
} from "loquilex/protocol";
import type { SessionInput, SessionKey } from "../protocol/protocol-io.js";
import { canEcho, type Speech } from "./speech.js";

export type { Speech } from "./speech.js";

/** How much of a file its sender is given at a time, in seconds. */
const PART_SEC = 5;

/** Makes what a session says. @returns `undefined` for one that says nothing. */
export function openVoice(speech: Speech | undefined, offer: AudioOffer): PlaybackSender | undefined {
  if (speech?.kind === "file") return sayFile(speech);
  if (speech === undefined || !canEcho(offer)) return undefined;
  return new PlaybackSender({ sampleRate: offer.sample_rate, channels: offer.channels });
}

/** What a session says about a frame of its client. */
export function answerTo(
  speech: Speech | undefined,
  key: SessionKey,
  { payload }: WireAudioFrame,
): SessionInput | undefined {
  return speech?.kind === "echo" ? { type: "speak", key, samples: payload.slice() } : undefined;
}

/** Has a session say something. @param samples `undefined` for the end of it. */
export function speak(voice: PlaybackSender | undefined, samples: Uint8Array<ArrayBuffer> | undefined): void {
  if (samples === undefined) voice?.end();
  else voice?.write(samples);
}

/** Takes a message that may come later than the first. @throws ShapeError for one that may not, or is wrong. */
export function takeLater(message: ClientMessage, voice: PlaybackSender | undefined): void {
  if (!isPlaybackMessage(message)) throw new ShapeError(`${message.t} must be the first message of a connection.`);
  if (voice === undefined) throw new ShapeError(`${message.t} must follow a playback.offer.`);
  voice.receive(message);
}

/** Says a file once, or as far as it is not interrupted. */
function sayFile({ samples, sampleRate, channels }: Extract<Speech, { kind: "file" }>): PlaybackSender {
  const partBytes = PART_SEC * sampleRate * channels * 2;
  let at = 0;
  let isOver = false;
  const goOn = (): void => {
    while (!isOver && sender.waiting < PART_SEC * sampleRate) {
      isOver = at >= samples.byteLength;
      if (isOver) sender.end();
      else sender.write(samples.subarray(at, at + partBytes));
      at += partBytes;
    }
  };
  const sender = new PlaybackSender({
    sampleRate,
    channels,
    onHeard: goOn,
    onInterrupt: () => {
      isOver = true;
    },
  });
  goOn();
  return sender;
}

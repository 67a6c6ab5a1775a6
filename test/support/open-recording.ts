import type { WireAudioFrame } from "loquilex/protocol";
import { type Clock, Scope, systemClock } from "loquilex/resources";
import { onTestFinished } from "vitest";
import type { Engine, EngineOpenOptions } from "../../examples/server/engines/engine.js";
import { createLog } from "../../examples/server/logging/log.js";
import { Recording, type RecordingOptions } from "../../examples/server/recording/recording.js";
import { testDisk } from "./test-disk.js";

export const SAMPLE_RATE = 16_000;
export const FRAME_SAMPLES = 320;

/** What a recording told its owner, in the order it did. */
export type Told = readonly ["kept", number] | readonly ["failed", Error] | readonly [t: string, data: unknown];

export interface OpenRecording {
  readonly recording: Recording;
  readonly scope: Scope;
  readonly told: Told[];
  /** What was told under one name. */
  of<T = unknown>(name: string): T[];
}

/** A recording into a folder; it is released after the test. */
export function openRecording(
  options: Pick<RecordingOptions, "outDir" | "engine"> & Partial<RecordingOptions> & { readonly clock?: Clock },
): OpenRecording {
  const scope = new Scope({ name: "test", clock: options.clock });
  const told: Told[] = [];
  const recording = new Recording({
    sessionId: "session",
    format: { encoding: "pcm_s16le", sampleRate: SAMPLE_RATE, channels: 1 },
    startPosition: 0,
    logger: createLog({ logLevel: "silent" }),
    clock: systemClock,
    disk: testDisk(options.outDir, options.clock),
    scope,
    onKept: (position) => told.push(["kept", position]),
    onEvent: (t, data) => told.push([t, data]),
    onFailed: (error) => told.push(["failed", error]),
    ...options,
  });
  onTestFinished(() => recording.dispose());
  return {
    recording,
    scope,
    told,
    of: <T>(name: string) => told.filter(([t]) => t === name).map(([, data]) => data as T),
  };
}

/** A frame whose samples count up from its position. */
export function countingFrame(position: number, sampleCount = FRAME_SAMPLES): WireAudioFrame {
  const payload = new Uint8Array(2 * sampleCount);
  const view = new DataView(payload.buffer);
  for (let index = 0; index < sampleCount; index += 1) view.setUint16(2 * index, (position + index) & 0xffff, true);
  return { flags: 0, position, sampleCount, payload };
}

/** The frames of a recording, in order. */
export function* framesOf(pcm: Uint8Array<ArrayBuffer>, startPosition = 0): Generator<WireAudioFrame> {
  for (let at = 0; at < pcm.byteLength; at += 2 * FRAME_SAMPLES) {
    const payload = pcm.subarray(at, at + 2 * FRAME_SAMPLES);
    yield { flags: 0, position: startPosition + at / 2, sampleCount: payload.byteLength / 2, payload };
  }
}

/** An engine whose every move a test makes. */
export class ScriptedEngine implements Engine {
  readonly name = "scripted";
  /** The stream being listened to. */
  stream: EngineOpenOptions | undefined;
  readonly heard: (readonly [position: number, samples: number])[] = [];
  readonly gaps: (readonly [from: number, to: number])[] = [];
  disposals = 0;
  /** What the next writes return. */
  room: Promise<void> | undefined;
  /** What happens when the audio ends. */
  onEnd: () => Promise<void> = async () => {};

  open(stream: EngineOpenOptions) {
    this.stream = stream;
    stream.onStatus({ engine: this.name, words: true, detail: "" });
    return {
      write: (samples: Uint8Array, position: number) => {
        this.heard.push([position, samples.byteLength / 2]);
        return this.room;
      },
      gap: (from: number, to: number) => {
        this.gaps.push([from, to]);
      },
      end: () => this.onEnd(),
      dispose: async () => {
        this.disposals += 1;
      },
    };
  }
}

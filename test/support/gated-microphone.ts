import { expect } from "vitest";
import { microphone } from "../../src/capture/microphone/microphone.js";
import { voiceGate } from "../../src/gate/voice-gate.js";
import { AudioFrameFlag, type WireAudioFrame } from "../../src/protocol/audio-frame.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import type { StreamStats } from "../../src/stream/stats.js";
import { BUILT_IN, type FakeAudio, HEADSET, installFakeAudio } from "./fake-audio.js";
import { FakeTransport } from "./fake-transport.js";
import { passTime, settle } from "./observed-stream.js";
import { room, voice } from "./room-and-voice.js";

/** Of the stream and of the devices, in Hz. */
export const RATE = 16_000;
/** What is rendered at a time, in samples. */
const PIECE = 640;

/** A stream from a fake microphone with two devices to a fake server, and what may happen to it. */
export class GatedScene {
  readonly fake: FakeAudio;
  readonly transport = new FakeTransport();
  readonly stream: AudioStream;
  readonly events: { readonly type: string; readonly position: number }[] = [];
  readonly drops: { readonly from: number; readonly to: number }[] = [];
  #said = 0;

  constructor(fake: FakeAudio, options: AudioStreamOptions) {
    this.fake = fake;
    this.stream = new AudioStream(
      { source: microphone(), transport: this.transport },
      { heartbeat: { intervalMs: 60_000 }, reconnect: { jitterRatio: 0 }, ...options },
    );
    for (const type of ["speechstart", "speechend"] as const) {
      this.stream.addEventListener(type, ({ position }) => this.events.push({ type, position }));
    }
    this.stream.addEventListener("drop", ({ from, to }) => this.drops.push({ from, to }));
  }

  async start(): Promise<void> {
    const started = this.stream.start();
    await settle();
    await this.silence(1);
    await started;
  }

  /** Nobody speaks. */
  silence(seconds: number): Promise<void> {
    return this.#hear(room(seconds * RATE, 0.002, this.#next()));
  }

  speak(seconds: number): Promise<void> {
    return this.#hear(voice(seconds * RATE));
  }

  get frames(): WireAudioFrame[] {
    return this.transport.connections.flatMap(({ audio }) => audio);
  }

  #next(): number {
    this.#said += 1;
    return this.#said;
  }

  async #hear(sound: Float32Array): Promise<void> {
    for (let at = 0; at < sound.length; at += PIECE) {
      for (const context of this.fake.openContexts) context.render(sound.subarray(at, at + PIECE));
      await passTime((PIECE * 1_000) / RATE);
      await settle();
    }
  }
}

/** What has become of a scene. */
export interface Played {
  readonly frames: readonly WireAudioFrame[];
  readonly events: readonly { readonly type: string; readonly position: number }[];
  readonly drops: readonly { readonly from: number; readonly to: number }[];
  readonly stats: StreamStats;
}

/** Plays a scene to its end, by itself. Needs fake timers. */
async function play(options: AudioStreamOptions, script: (scene: GatedScene) => Promise<void>): Promise<Played> {
  const fake = installFakeAudio();
  fake.sampleRate = RATE;
  fake.devices = [HEADSET, BUILT_IN].map((device) => ({ ...device, sampleRate: RATE }));
  const scene = new GatedScene(fake, options);
  const { stream, events, drops } = scene;
  try {
    await scene.start();
    await script(scene);
    const closing = stream.close({ timeoutMs: 20_000 }).catch(() => {});
    await passTime(21_000);
    await closing;
    return { frames: scene.frames, events, drops, stats: await stream.getStats() };
  } finally {
    stream.abort();
    await stream.closed;
    fake.uninstall();
  }
}

/**
 * Plays a scene with a gate, and once more with everything sent, and expects of the first one what holds for every scene: each
 * sample is sent once, at the position that it has when everything is sent, or is withheld; a gap flag is where a gap is, and
 * speech begins and ends in turns.
 */
export async function playGated(
  script: (scene: GatedScene) => Promise<void>,
): Promise<{ readonly gated: Played; readonly whole: Played }> {
  const whole = await play({ gate: voiceGate({ silence: "send" }) }, script);
  const gated = await play({ gate: voiceGate() }, script);
  expect(gated.drops).toEqual([]);
  expect(whole.drops).toEqual([]);
  expectSameAudio(gated.frames, whole.frames);
  expectGapFlags(gated.frames);
  const ms = (samples: number): number => (samples * 1_000) / RATE;
  const { samplesCaptured, withheldDurationMs, captureGapCount } = gated.stats;
  expect(samplesCaptured).toBe(whole.stats.samplesCaptured);
  expect(ms(samplesIn(gated.frames)) + withheldDurationMs).toBeCloseTo(ms(samplesCaptured), 6);
  expect(captureGapCount).toBe(whole.stats.captureGapCount);
  expect(gated.events).toEqual(whole.events);
  expect(gated.events.map(({ type }) => type)).toEqual(
    gated.events.map((_, index) => (index % 2 === 0 ? "speechstart" : "speechend")),
  );
  expect(gated.events.length % 2).toBe(0);
  for (const [index, { position }] of gated.events.entries()) {
    expect(position).toBeGreaterThanOrEqual(gated.events[index - 1]?.position ?? 0);
  }
  return { gated, whole };
}

export const endOf = ({ position, sampleCount }: WireAudioFrame): number => position + sampleCount;

const samplesIn = (frames: readonly WireAudioFrame[]): number =>
  frames.reduce((sum, { sampleCount }) => sum + sampleCount, 0);

/** How exactly a frame is known to have been captured before a stream was muted or after, in samples. */
const MUTE_EDGE = 0.1 * RATE;

function expectSameAudio(some: readonly WireAudioFrame[], all: readonly WireAudioFrame[]): void {
  const values = new Map<number, number>();
  const isMuted = (frame: WireAudioFrame | undefined): boolean => ((frame?.flags ?? 0) & AudioFrameFlag.muted) !== 0;
  const edges = all
    .filter((frame, index) => isMuted(frame) !== isMuted(all[index - 1]))
    .map(({ position }) => position);
  for (const { payload, position } of all) {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    for (let at = 0; 2 * at < payload.byteLength; at += 1) values.set(position + at, view.getInt16(2 * at, true));
  }
  const wrong: string[] = [];
  let end = 0;
  for (const frame of some) {
    const { payload, position } = frame;
    if (position < end) wrong.push(`${position} comes after ${end}`);
    end = endOf(frame);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    for (let at = 0; 2 * at < payload.byteLength; at += 1) {
      if (values.get(position + at) === view.getInt16(2 * at, true)) continue;
      const isAtEdge = edges.some((edge) => Math.abs(edge - position - at) < MUTE_EDGE);
      if (!isAtEdge) wrong.push(`another sample at ${position + at}`);
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
}

function expectGapFlags(frames: readonly WireAudioFrame[]): void {
  let end = 0;
  const wrong = frames.filter((frame) => {
    const isGap = frame.position !== end;
    end = endOf(frame);
    return isGap !== ((frame.flags & AudioFrameFlag.gap) !== 0);
  });
  expect(wrong.map(({ position, flags }) => ({ position, flags }))).toEqual([]);
}

/** Whether each sample of the range was sent. */
export function wasSent(frames: readonly WireAudioFrame[], from: number, to: number): boolean {
  let next = from;
  for (const frame of frames) if (frame.position <= next && endOf(frame) > next) next = endOf(frame);
  return next >= to;
}

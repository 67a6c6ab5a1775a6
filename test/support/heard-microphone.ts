import { afterEach, beforeEach, expect, vi } from "vitest";
import { mediaStream } from "../../src/capture/microphone/media-stream.js";
import { microphone as microphoneSource } from "../../src/capture/microphone/microphone.js";
import type { MicrophoneOptions } from "../../src/capture/microphone/microphone-options.js";
import type { AudioSource } from "../../src/capture/source.js";
import { BUILT_IN, type FakeAudio, HEADSET, installFakeAudio } from "./fake-audio.js";
import { type Heard, listenTo, settle } from "./heard-capture.js";
import { sine } from "./signals.js";

/** A second of tone, in whole quanta, at 48 kHz. */
const second = sine(440, 48_000, 48_000, 0.5);
/** What is rendered at a time, as an engine does it. */
const PIECE = 480 * 4;

/** A fake microphone under fake timers, on which time passes with sound and without. */
export class HeardMicrophone {
  readonly #fake: FakeAudio;
  readonly #ending = new AbortController();

  constructor(fake: FakeAudio) {
    this.#fake = fake;
  }

  open(options: MicrophoneOptions = {}) {
    return this.listen(microphoneSource(options));
  }

  openGiven(...args: Parameters<typeof mediaStream>) {
    return this.listen(mediaStream(...args));
  }

  /** Opens a source, and keeps what it reports. */
  async listen(source: AudioSource) {
    const { heard, options } = listenTo(this.#ending.signal);
    const opening = source.open(options);
    // Whoever awaits the opening gets its failure too.
    opening.catch(() => {});
    await this.pass(0);
    return { heard, capture: await opening };
  }

  /** Time passes in which nothing is rendered. */
  async pass(durationMs: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(durationMs);
    await settle();
  }

  /** Seconds pass, and are rendered piece by piece. */
  async hear(seconds = 1): Promise<void> {
    for (let count = 0; count < seconds; count += 1) {
      for (let at = 0; at < second.length; at += PIECE) {
        for (const context of this.#fake.openContexts) context.render(second.subarray(at, at + PIECE));
        await this.pass(40);
      }
    }
  }

  end(): void {
    this.#ending.abort();
  }
}

/** Of the test that runs, where {@link installHeardMicrophone} was called. */
export let fake: FakeAudio;
export let microphone: HeardMicrophone;

/** Gives each test of the file the fakes and fake timers. A headset, which is the browser's choice, and another are plugged in. */
export function installHeardMicrophone(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    fake = installFakeAudio();
    fake.devices = [HEADSET, BUILT_IN];
    microphone = new HeardMicrophone(fake);
  });
  afterEach(() => {
    microphone.end();
    fake.uninstall();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}

export function expectAllReleased(): void {
  expect(fake.liveTracks).toEqual([]);
  expect(fake.openContexts).toEqual([]);
  expect(fake.openPorts).toEqual([]);
}

/** How long nothing was heard between two frames, in milliseconds. */
export function gapsMs({ frames }: Heard): number[] {
  let next = frames[0]?.position ?? 0;
  return frames.flatMap(({ position, sampleCount }) => {
    const gap = (position - next) / 16;
    next = position + sampleCount;
    return gap === 0 ? [] : [gap];
  });
}

import { afterEach, describe, expect, it } from "vitest";
import type { PlacedFrame } from "../../src/capture/inlet/frame-inlet.js";
import { FramePath } from "../../src/frames/frame-path.js";
import { Scope } from "../../src/internal/scope.js";
import { HalfDuplex } from "../../src/playback/downlink/half-duplex.js";
import { openPlayback } from "../../src/playback/downlink/open-playback.js";
import { LoudnessWatch } from "../../src/playback/player/loudness-watch.js";
import { Player } from "../../src/playback/player/player.js";
import type { LoudSpan, ToPage } from "../../src/playback/port-messages.js";
import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";

const FORMAT = { encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 1 } as const;
const FRAME_MS = 20;
const SAMPLES = 320;
/** When the player's context was at zero. */
const ZERO_MS = 1_000;
const CLOCK = { zeroMs: ZERO_MS, holdMs: 300 };

/** The frame that begins so many milliseconds after the player's context was at zero. */
const frameAt = (ms: number, more: Partial<PlacedFrame> = {}): PlacedFrame => ({
  payload: new Uint8Array(2 * SAMPLES).fill(7),
  position: (ms / FRAME_MS) * SAMPLES,
  sampleCount: SAMPLES,
  timestamp: ZERO_MS + ms,
  peakLevel: 0.5,
  rmsLevel: 0.3,
  flags: 0,
  ...more,
});

const loud = (from: number, to: number): LoudSpan => ({ type: "loud", from: from / 1_000, to: to / 1_000 });

function rig() {
  const changes: [isSilenced: boolean, position: number][] = [];
  const halfDuplex = new HalfDuplex(FORMAT, (...change) => changes.push(change));
  halfDuplex.setClock(CLOCK);
  const isSilenced = (ms: number): boolean => {
    const frame = frameAt(ms);
    halfDuplex.onCaptured(frame);
    return (frame.flags & AudioFrameFlag.muted) !== 0;
  };
  return { halfDuplex, changes, isSilenced };
}

/** Beginnings of the frames from 0 to 1 s that are silenced. */
const silencedOf = (isSilenced: (ms: number) => boolean): number[] =>
  Array.from({ length: 50 }, (_, index) => index * FRAME_MS).filter(isSilenced);

describe("half duplex", () => {
  it("silences what was captured while the player was loud and for the hold after it, and nothing else", () => {
    const { halfDuplex, isSilenced } = rig();
    halfDuplex.hear(loud(200, 240));
    const silenced = silencedOf(isSilenced);
    // From 50 ms before, in whole frames, to 300 ms after.
    expect([silenced[0], silenced.at(-1), silenced.length]).toEqual([140, 520, 20]);
  });

  it("makes a frame silent as a muted one is, and takes its loudness for nobody's", () => {
    const { halfDuplex } = rig();
    halfDuplex.hear(loud(0, 100));
    const frame = frameAt(20);
    halfDuplex.onCaptured(frame);
    expect(frame.payload.every((byte) => byte === 0)).toBe(true);
    expect(frame).toMatchObject({ flags: AudioFrameFlag.muted, peakLevel: 0, rmsLevel: 0, mutedPeakLevel: 0 });
  });

  it("leaves what a gate withholds out, and does not call the player's voice a person's speech", () => {
    const spoken: string[] = [];
    const passed: number[] = [];
    const { halfDuplex } = rig();
    const path = new FramePath({ format: FORMAT, frameDurationMs: 20, preRollMs: 0, levelIntervalMs: 100 }, undefined, {
      onCaptured: (frame) => halfDuplex.onCaptured(frame),
      onFrame: ({ payload }) => passed.push(payload.byteLength),
      onSpeech: ({ speaking, position }) => spoken.push(`${speaking ? "speech" : "silence"} ${position}`),
      onPoint: () => {},
      onLevel: () => {},
      onAdvice: () => {},
      onLost: () => {},
      onError: () => {},
    });
    path.start();
    halfDuplex.hear(loud(200, 240));
    // The gate hears the player from 200 to 700 ms, and a person from 800 ms on.
    for (let ms = 0; ms < 1_000; ms += FRAME_MS) {
      const speaking = (ms >= 200 && ms < 700) || ms >= 800;
      const [latest = 0] = [800, 700, 200].filter((change) => change <= ms);
      const since = (latest - ms) * 16;
      path.push(frameAt(ms, { voice: { speaking, since, withholds: true } }));
    }
    expect(spoken).toEqual(["silence 0", `speech ${800 * 16}`]);
    expect(passed.filter((bytes) => bytes === 0)).toHaveLength(20);
  });

  it("tells each change with the position of the first frame of which it is true", () => {
    const { halfDuplex, changes, isSilenced } = rig();
    halfDuplex.hear(loud(200, 240));
    silencedOf(isSilenced);
    expect(changes).toEqual([
      [false, 0],
      [true, 140 * 16],
      [false, 540 * 16],
    ]);
  });

  it("keeps what the person has muted as it is, and says all the same that the player is heard", () => {
    const { halfDuplex, changes } = rig();
    halfDuplex.hear(loud(0, 100));
    const frame = frameAt(20, { flags: AudioFrameFlag.muted, peakLevel: 0, mutedPeakLevel: 0.4 });
    halfDuplex.onCaptured(frame);
    expect(frame).toMatchObject({ flags: AudioFrameFlag.muted, mutedPeakLevel: 0 });
    expect(changes).toEqual([[true, 320]]);
  });

  it("does nothing without a clock, and judges by the latest what was loud before it came", () => {
    const halfDuplex = new HalfDuplex(FORMAT, () => {});
    halfDuplex.hear(loud(200, 240));
    const before = frameAt(200);
    halfDuplex.onCaptured(before);
    halfDuplex.setClock(CLOCK);
    const after = frameAt(220);
    halfDuplex.onCaptured(after);
    expect([before.flags, after.flags]).toEqual([0, AudioFrameFlag.muted]);
  });
});

describe("what a player says of its loudness", () => {
  const QUANTUM_SEC = 128 / 8_000;
  const quantum = (level: number): Float32Array[] => [new Float32Array(128), new Float32Array(128).fill(level, 64, 65)];

  /** Looks at quanta of these peaks. @returns the reports, by the number of their quantum. */
  function reportsOf(levels: readonly number[]): { readonly at: number; readonly from: number; readonly to: number }[] {
    const watch = new LoudnessWatch(0.1);
    return levels.flatMap((level, at) => {
      const span = watch.look(quantum(level), at * QUANTUM_SEC, (at + 1) * QUANTUM_SEC);
      const inQuanta = (sec: number) => Math.round(sec / QUANTUM_SEC);
      return span === undefined ? [] : [{ at, from: inQuanta(span.from), to: inQuanta(span.to) }];
    });
  }

  it("comes in the quantum in which a sample of any channel is loud, of either sign", () => {
    expect(reportsOf([0, 0.09, 0.1])).toEqual([{ at: 2, from: 2, to: 3 }]);
    expect(reportsOf([0, -0.1])).toEqual([{ at: 1, from: 1, to: 2 }]);
  });

  it("comes again every 50 ms while it is loud, and covers the end", () => {
    expect(reportsOf([1, 1, 1, 1, 1, 1, 0, 0, 0, 0])).toEqual([
      { at: 0, from: 0, to: 1 },
      { at: 4, from: 1, to: 5 },
      { at: 8, from: 5, to: 6 },
    ]);
  });

  it("is silent while nothing is loud", () => {
    expect(reportsOf(Array.from({ length: 50 }, () => 0.09))).toEqual([]);
  });
});

describe("a player whose running side is another one", () => {
  const scopes: Scope[] = [];
  afterEach(() => Promise.all(scopes.splice(0).map((scope) => scope.dispose())));

  it("tells it since when it is loud", () => {
    const told: LoudSpan[] = [];
    const settings = { channels: 1, capacity: 8_000, cushion: 0, loudFrom: 0.1 };
    const player = new Player(settings, 800, { tell: () => {}, tellLoud: (span) => told.push(span), report: () => {} });
    player.take({ type: "samples", samples: new Int16Array(1_280).fill(8_000).buffer });
    player.take({ type: "end" });
    for (let at = 0; at < 14; at += 1) player.render([new Float32Array(128)], at * 0.016, (at + 1) * 0.016);
    told.length = 0;
    player.greet();
    expect(told).toEqual([{ type: "loud", from: 0, to: expect.closeTo(0.16) }]);
  });

  it("has the microphone silenced there as well, through the ports of a worker", async () => {
    const scope = new Scope({ name: "test" });
    scopes.push(scope);
    const inlet = openPlayback(scope, () => {}, FORMAT);
    const [toPage, toPlayer] = [new MessageChannel(), new MessageChannel()];
    scope.defer("ports", () => {
      toPage.port1.close();
      toPlayer.port1.close();
    });
    const told: ToPage[] = [];
    toPage.port1.onmessage = ({ data }) => told.push(data);
    inlet.connect(toPage.port2);
    toPage.port1.postMessage({ type: "clock", clock: CLOCK });
    toPage.port1.postMessage({ type: "player", port: toPlayer.port2 }, [toPlayer.port2]);
    toPlayer.port1.postMessage(loud(0, 100));
    const silenced = async (): Promise<boolean> => {
      const frame = frameAt(100);
      inlet.onCaptured(frame);
      return frame.flags === AudioFrameFlag.muted;
    };
    await expect.poll(silenced).toBe(true);
    await expect.poll(() => told.at(-1)).toEqual({ type: "half-duplex", isSilenced: true, position: 1_600 });
  });
});

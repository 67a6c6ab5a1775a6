import type { WireAudioFrame } from "loquilex/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type SamplesSource, samples } from "../../src/capture/samples/samples.js";
import { vosk } from "../../src/dialects/vosk.js";
import { opus } from "../../src/frames/opus/opus.js";
import { voiceGate } from "../../src/gate/voice-gate.js";
import { mix } from "../../src/mix/mix.js";
import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { fakeAudioEncoder } from "../support/fake-audio-encoder.js";
import { FakeTransport } from "../support/fake-transport.js";
import { SPEECH_RATE, speechInNoise } from "../support/speech-in-noise.js";
import { withUncaught } from "../support/with-uncaught.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

const passTime = (ms: number) => vi.advanceTimersByTimeAsync(ms);

interface Heard {
  readonly stream: AudioStream;
  readonly source: SamplesSource;
  readonly transport: FakeTransport;
  readonly events: string[];
  readonly drops: unknown[];
}

/** A stream of speech in noise. */
async function start(
  options: AudioStreamOptions,
  realTime = false,
): Promise<Heard & { readonly phrases: readonly { from: number; to: number }[] }> {
  const { samples: sound, phrases } = await speechInNoise(20);
  const transport = new FakeTransport();
  if (typeof options.encoding === "object") transport.encoding = "opus";
  const source = samples([sound], { sampleRate: SPEECH_RATE, realTime });
  source.ended.catch(() => {});
  const stream = new AudioStream({ source, transport }, options);
  const events: string[] = [];
  const drops: unknown[] = [];
  for (const type of ["speechstart", "speechend"] as const) {
    stream.addEventListener(type, ({ position }) => events.push(`${type} ${(position / SPEECH_RATE).toFixed(1)}`));
  }
  stream.addEventListener("drop", ({ from, to }) => drops.push({ from, to }));
  stream.start().catch(() => {});
  await passTime(0);
  return { stream, source, transport, events, drops, phrases };
}

const framesOf = ({ transport }: Heard): WireAudioFrame[] => transport.connections.flatMap(({ audio }) => audio);

const EVENTS = ["speechstart", "speechend", "speechstart", "speechend"];
const typesOf = (events: readonly string[]) => events.map((event) => event.split(" ")[0]);

describe("a stream with a gate", () => {
  it("sends what is said, with a gap before it, and counts the rest", async () => {
    const heard = await start({ gate: voiceGate() });
    await passTime(1_000);
    const { captured, withheld } = await stats(heard);
    const frames = framesOf(heard);
    const gaps = frames.filter(({ position }, index) => index > 0 && position !== endOf(frames[index - 1]));
    expect(gaps.map(({ flags }) => flags & AudioFrameFlag.gap)).toEqual([AudioFrameFlag.gap, AudioFrameFlag.gap]);
    const sent = frames.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
    expect(sent + withheld).toBe(captured);
    expect(withheld).toBeGreaterThan(captured / 3);
    for (const { from, to } of heard.phrases) {
      expect(frames.some((frame) => frame.position <= from && endOf(frame) > from)).toBe(true);
      expect(frames.some((frame) => frame.position < to && endOf(frame) >= to)).toBe(true);
    }
    expect(typesOf(heard.events)).toEqual(EVENTS);
    expect(heard.drops).toEqual([]);
    expect((await heard.stream.getStats()).captureGapCount).toBe(0);
    await close(heard);
  });

  it('sends everything with silence: "send", and tells the same', async () => {
    const heard = await start({ gate: voiceGate({ silence: "send" }) });
    await passTime(1_000);
    const { captured, withheld } = await stats(heard);
    expect(framesOf(heard).reduce((sum, { sampleCount }) => sum + sampleCount, 0)).toBe(captured);
    expect(withheld).toBe(0);
    expect(typesOf(heard.events)).toEqual(EVENTS);
    await close(heard);
  });

  it("sends nothing while it is muted, not even when somebody speaks, and still starts", async () => {
    const { samples: sound } = await speechInNoise(20);
    const transport = new FakeTransport();
    const source = samples([sound], { sampleRate: SPEECH_RATE, realTime: false });
    source.ended.catch(() => {});
    const stream = new AudioStream({ source, transport }, { gate: voiceGate() });
    const spoken: string[] = [];
    stream.addEventListener("speechstart", ({ type }) => spoken.push(type));
    stream.muted = true;
    const started = stream.start();
    await passTime(1_000);
    await started;
    expect(transport.connections.flatMap(({ audio }) => audio)).toEqual([]);
    expect(spoken).toHaveLength(2);
    await close({ stream, source, transport, events: [], drops: [] });
  });

  it("ends speech with a pause, and with the end", async () => {
    for (const call of ["pause", "close"] as const) {
      const heard = await start({ gate: voiceGate() }, true);
      await passTime(2_600);
      expect(typesOf(heard.events)).toEqual(["speechstart"]);
      const called = heard.stream[call]();
      await passTime(1_000);
      await called;
      expect(typesOf(heard.events)).toEqual(["speechstart", "speechend"]);
      const last = framesOf(heard).at(-1);
      expect(endOf(last)).toBeGreaterThan(2.5 * SPEECH_RATE);
      expect(heard.drops).toEqual([]);
      await close(heard);
    }
  });

  it("flush() resolves while nobody speaks", async () => {
    const heard = await start({ gate: voiceGate() }, true);
    await passTime(1_500);
    let flushed = false;
    heard.stream.flush().then(() => {
      flushed = true;
    });
    await passTime(500);
    expect(flushed).toBe(true);
    await close(heard);
  });

  it("brings out the end of what is said, if it is encoded, and every sample is sent, withheld or lost once", async () => {
    fakeAudioEncoder();
    const heard = await start({ gate: voiceGate(), encoding: opus() });
    await passTime(5_000);
    const { captured, withheld } = await stats(heard);
    const frames = framesOf(heard);
    expect(frames.reduce((sum, { sampleCount }) => sum + sampleCount, 0) + withheld).toBe(captured);
    for (const [index, { position }] of frames.entries()) {
      expect(position).toBeGreaterThanOrEqual(index === 0 ? 0 : endOf(frames[index - 1]));
    }
    expect(heard.drops).toEqual([]);
    await close(heard);
  });
});

describe("a listener of speechstart", () => {
  it("that throws harms nobody, and the next one hears it", async () => {
    const heard = await start({ gate: voiceGate() }, true);
    const told: string[] = [];
    for (const type of ["speechstart", "speechend"] as const) {
      heard.stream.addEventListener(type, () => {
        throw new Error("The listener's fault.");
      });
      heard.stream.addEventListener(type, () => void told.push(type));
    }
    const uncaught = await withUncaught(async () => {
      await passTime(15_000);
      await close(heard);
    });
    expect(uncaught).toHaveLength(4);
    expect(told).toEqual(EVENTS);
    expect(heard.events).toHaveLength(4);
    expect(heard.drops).toEqual([]);
  });

  it.each(["abort", "close", "pause", "flush", "mute"] as const)(
    "may %s the stream, which ends or goes on as if it had been called elsewhere",
    async (call) => {
      const heard = await start({ gate: voiceGate() }, true);
      const calls: Promise<unknown>[] = [];
      heard.stream.addEventListener("speechstart", () => {
        if (call === "mute") heard.stream.muted = true;
        else if (call === "abort") heard.stream.abort();
        else calls.push(heard.stream[call]().catch(() => {}));
      });
      const [{ to = 0 } = {}] = heard.phrases;
      await passTime((to * 1_000) / SPEECH_RATE + 1_000);
      expect(typesOf(heard.events)).toEqual(call === "abort" ? ["speechstart"] : ["speechstart", "speechend"]);
      if (call === "mute") expect(framesOf(heard).filter(({ position }) => position > 3 * SPEECH_RATE)).toEqual([]);
      if (call === "pause") expect(heard.stream.state).toBe("paused");
      if (call === "abort" || call === "close") await heard.stream.closed;
      await Promise.all(calls);
      if (call !== "abort") expect(heard.drops).toEqual([]);
      heard.stream.abort();
      await heard.stream.closed;
    },
  );
});

describe("a gate is refused, when the stream is made,", () => {
  it("by a service that knows no gaps, unless silence is sent", () => {
    const source = samples([new Float32Array(1)], { sampleRate: SPEECH_RATE });
    const transport = vosk("wss://example.org/");
    expect(() => new AudioStream({ source, transport }, { gate: voiceGate() })).toThrow(
      /voiceGate\(\{ silence: "send" \}\)/,
    );
    expect(() => new AudioStream({ source, transport }, { gate: voiceGate({ silence: "send" }) })).not.toThrow();
  });

  it("by a source that does not obey it", () => {
    const source = { open: () => Promise.reject(new Error("never")) };
    expect(() => new AudioStream({ source, transport: new FakeTransport() }, { gate: voiceGate() })).toThrow(
      /microphone\(\)/,
    );
  });

  it("by mix(), whose two sources have one gate's place between them", () => {
    const [left, right] = [1, 2].map(() => samples([new Float32Array(1)], { sampleRate: SPEECH_RATE }));
    if (left === undefined || right === undefined) throw new Error("impossible");
    const parts = { source: mix({ left, right }), transport: new FakeTransport() };
    expect(() => new AudioStream(parts, { gate: voiceGate(), channelCount: 2 })).toThrow(
      "gate needs a source that obeys it: what microphone(), mediaStream() or samples() returns.",
    );
    expect(() => new AudioStream(parts, { channelCount: 2 })).not.toThrow();
  });

  it("if it is none", () => {
    const source = samples([new Float32Array(1)], { sampleRate: SPEECH_RATE });
    const gate = { name: "voice" } as const;
    expect(() => new AudioStream({ source, transport: new FakeTransport() }, { gate })).toThrow(
      /what voiceGate\(\) of "loquilex\/gate" returns/,
    );
  });

  it.each([{ silence: "keep" }, { preRollMs: -1 }, { hangoverMs: 10 }, { thresholdDb: 40 }])(
    "if its options are wrong: %o",
    (options) => {
      expect(() => voiceGate(options as never)).toThrow(new RegExp(Object.keys(options)[0] ?? ""));
    },
  );
});

const endOf = (frame: WireAudioFrame | undefined): number =>
  frame === undefined ? 0 : frame.position + frame.sampleCount;

async function stats({ stream }: Heard): Promise<{ readonly captured: number; readonly withheld: number }> {
  const asked = stream.getStats();
  await passTime(0);
  const { samplesCaptured, withheldDurationMs } = await asked;
  return { captured: samplesCaptured, withheld: Math.round((withheldDurationMs * SPEECH_RATE) / 1_000) };
}

async function close({ stream }: Heard): Promise<void> {
  const closing = stream.close().catch(() => {});
  await passTime(1_000);
  await closing;
}

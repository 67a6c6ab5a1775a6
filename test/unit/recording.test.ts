import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { AudioFormat } from "../../src/capture/source.js";
import type { AudioStreamError } from "../../src/errors.js";
import type { ImportedRecording } from "../../src/host/imported-recording.js";
import { Scope } from "../../src/internal/scope.js";
import { RecordedAudio } from "../../src/recording/recorded-audio.js";
import { recording } from "../../src/recording/recording.js";
import { parseWav } from "../support/wav.js";

const PCM: AudioFormat = { encoding: "pcm_s16le", sampleRate: 8_000, channelCount: 1 };
const MIB = 1_048_576;
const NEVER = (error: Error): never => {
  throw error;
};

/** Samples that are their own positions. */
function frame(position: number, sampleCount: number) {
  const samples = Int16Array.from({ length: sampleCount }, (_, index) => position + index);
  return { position, sampleCount, payload: new Uint8Array(samples.buffer) };
}

const bytesOf = async (wav: Blob): Promise<Uint8Array> => new Uint8Array(await wav.arrayBuffer());

async function samplesOf(wav: Blob): Promise<number[]> {
  return [...parseWav(await bytesOf(wav)).samples].map((sample) => sample * 32_768);
}

describe("what was recorded", () => {
  it("is a WAV file in which each sample is at its position", async () => {
    const audio = new RecordedAudio(PCM, MIB, NEVER);
    audio.push(frame(0, 3));
    audio.push(frame(3, 2));
    const wav = await audio.toBlob();
    expect(wav.type).toBe("audio/wav");
    expect(parseWav(await bytesOf(wav)).sampleRate).toBe(8_000);
    expect(await samplesOf(wav)).toEqual([0, 1, 2, 3, 4]);
    audio.push(frame(5, 1));
    expect(await samplesOf(await audio.toBlob())).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("is silent where nothing was captured, before the first sample too, and where a gate left it out", async () => {
    const audio = new RecordedAudio(PCM, MIB, NEVER);
    audio.push(frame(2, 2));
    audio.push({ position: 4, sampleCount: 3, payload: new Uint8Array(0) });
    audio.push(frame(7, 1));
    expect(audio.gaps).toEqual([
      { from: 0, to: 2 },
      { from: 4, to: 7 },
    ]);
    expect(await samplesOf(await audio.toBlob())).toEqual([0, 0, 2, 3, 0, 0, 0, 7]);
  });

  it("has no sample twice, whatever comes again", async () => {
    const audio = new RecordedAudio(PCM, MIB, NEVER);
    for (const again of [frame(0, 4), frame(2, 4), frame(1, 2), frame(0, 6), frame(6, 1)]) audio.push(again);
    expect(await samplesOf(await audio.toBlob())).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(audio.gaps).toEqual([]);
  });

  it("holds longer than one blob, and gaps of any length", async () => {
    const audio = new RecordedAudio(PCM, 4 * MIB, NEVER);
    for (let position = 0; position < 200_000; position += 1_000) audio.push(frame(position, 1_000));
    audio.push(frame(600_000, 10));
    const { samples } = parseWav(await bytesOf(await audio.toBlob()));
    expect(samples.length).toBe(600_010);
    for (const at of [0, 131_071, 131_072, 199_999, 600_000, 600_009]) {
      expect((samples[at] ?? 0) * 32_768).toBe((at << 16) >> 16);
    }
    expect(samples.subarray(200_000, 600_000).every((sample) => sample === 0)).toBe(true);
  });

  it("ends where its limit does not allow the next frame, the silence before it included", async () => {
    const onIncomplete = vi.fn();
    const audio = new RecordedAudio(PCM, 20, onIncomplete);
    audio.push(frame(0, 5));
    expect(onIncomplete).not.toHaveBeenCalled();
    audio.push(frame(9, 2));
    expect(onIncomplete).toHaveBeenCalledOnce();
    audio.push(frame(5, 1));
    expect(await samplesOf(await audio.toBlob())).toEqual([0, 1, 2, 3, 4]);
    expect(audio.gaps).toEqual([]);
  });

  it.each([
    ["mulaw", 7, 1, 0xff],
    ["pcm_f32le", 3, 4, 0],
  ] as const)(
    "in %s says so, counts its samples, and is as silent as that encoding is",
    async (encoding, tag, sampleBytes, silence) => {
      const audio = new RecordedAudio({ encoding, sampleRate: 16_000, channelCount: 1 }, MIB, NEVER);
      audio.push({ position: 2, sampleCount: 1, payload: new Uint8Array(sampleBytes).fill(9) });
      const bytes = await bytesOf(await audio.toBlob());
      const view = new DataView(bytes.buffer);
      const text = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
      expect([text(0), text(8), text(12), text(38), text(50)]).toEqual(["RIFF", "WAVE", "fmt ", "fact", "data"]);
      expect(view.getUint32(4, true)).toBe(bytes.length - 8);
      expect(view.getUint16(20, true)).toBe(tag);
      expect(view.getUint16(34, true)).toBe(8 * sampleBytes);
      expect(view.getUint32(46, true)).toBe(3);
      expect(view.getUint32(54, true)).toBe(3 * sampleBytes);
      expect(bytes.length % 2).toBe(0);
      const data = [...bytes.subarray(58, 58 + 3 * sampleBytes)];
      expect(data).toEqual([...Array(2 * sampleBytes).fill(silence), ...Array(sampleBytes).fill(9)]);
    },
  );

  it("in two channels has them side by side", async () => {
    const audio = new RecordedAudio({ ...PCM, channelCount: 2 }, MIB, NEVER);
    audio.push({ position: 1, sampleCount: 1, payload: new Uint8Array([1, 2, 3, 4]) });
    const bytes = await bytesOf(await audio.toBlob());
    expect(new DataView(bytes.buffer).getUint16(22, true)).toBe(2);
    expect([...bytes.subarray(44)]).toEqual([0, 0, 0, 0, 1, 2, 3, 4]);
  });
});

describe("a recording", () => {
  /** The option as a stream uses it, with a running side of the test's. */
  function rig(maxBytes?: number) {
    const copy = recording(maxBytes === undefined ? {} : { maxBytes });
    const warnings: AudioStreamError[] = [];
    const begin = (scope = newScope()) => {
      const onWarning = (error: AudioStreamError): void => void warnings.push(error);
      const port = (copy as unknown as ImportedRecording).record({ scope, format: PCM, onWarning });
      if (port !== undefined) onTestFinished(() => port.close());
      return { scope, port };
    };
    return { copy, warnings, begin };
  }

  const newScope = (): Scope => {
    const scope = new Scope({ name: "stream" });
    onTestFinished(async () => void (await scope.dispose()));
    return scope;
  };

  /** As the running side answers. */
  const answer = (port: MessagePort | undefined): void => {
    port?.addEventListener("message", ({ data }) => port.postMessage(data));
    port?.start();
  };

  it("has everything that was captured before it is asked for, also what is still on its way", async () => {
    const { copy, begin } = rig();
    const { port } = begin();
    answer(port);
    port?.postMessage(frame(0, 4));
    expect(copy.durationMs).toBe(0);
    expect(await samplesOf(await copy.toBlob())).toEqual([0, 1, 2, 3]);
    expect(copy.durationMs).toBe(0.5);
    expect(copy.byteLength).toBe(8);
    expect(copy.sampleRate).toBe(8_000);
  });

  it("has what came last before the end, and stays when the stream has gone", async () => {
    const { copy, begin } = rig();
    const { port, scope } = begin();
    port?.postMessage(frame(0, 2));
    const released = scope.dispose();
    port?.postMessage(frame(2, 1));
    port?.postMessage("end");
    expect(await samplesOf(await copy.toBlob())).toEqual([0, 1, 2]);
    await released;
    expect(await samplesOf(await copy.toBlob())).toEqual([0, 1, 2]);
  });

  it("goes on with another running side, and waits no longer than a second for one that hangs", async () => {
    const { copy, begin } = rig();
    const { port, scope } = begin();
    port?.postMessage(frame(0, 2));
    expect(await samplesOf(await copy.toBlob())).toEqual([0, 1]);
    const { port: next } = begin(scope);
    answer(next);
    next?.postMessage(frame(4, 1));
    expect(await samplesOf(await copy.toBlob())).toEqual([0, 1, 0, 0, 4]);
    expect(copy.gaps).toEqual([{ from: 2, to: 4 }]);
  });

  it("begins anew with the next stream, and refuses one beside another", async () => {
    const { copy, begin, warnings } = rig();
    const first = begin();
    answer(first.port);
    first.port?.postMessage(frame(0, 3));
    expect(begin().port).toBeUndefined();
    expect(warnings).toMatchObject([{ code: "recording-incomplete", details: { reason: "in-use" } }]);
    const before = await copy.toBlob();
    await first.scope.dispose();
    const second = begin();
    answer(second.port);
    second.port?.postMessage(frame(0, 1));
    expect(await samplesOf(await copy.toBlob())).toEqual([0]);
    expect(await samplesOf(before)).toEqual([0, 1, 2]);
  });

  it("warns once when it is full, and keeps what it has", async () => {
    const { copy, begin, warnings } = rig(MIB);
    const { port } = begin();
    answer(port);
    for (let position = 0; position < 600_000; position += 50_000) port?.postMessage(frame(position, 50_000));
    await copy.toBlob();
    expect(warnings).toMatchObject([{ code: "recording-incomplete", details: { reason: "full" } }]);
    expect(warnings[0]?.message).toContain("1048576 bytes");
    expect(copy.byteLength).toBe(1_000_000);
  });

  it("says that there is nothing yet, and refuses what cannot be", async () => {
    await expect(recording().toBlob()).rejects.toMatchObject({ code: "invalid-state" });
    expect(recording()).toMatchObject({ durationMs: 0, byteLength: 0, gaps: [], sampleRate: undefined });
    expect(() => recording({ maxBytes: 1 })).toThrow(/maxBytes must be from 1048576 to 4000000000, and is 1/);
    expect(() => recording(null as never)).toThrow(TypeError);
  });
});

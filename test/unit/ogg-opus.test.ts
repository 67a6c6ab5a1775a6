import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { AudioFormat } from "../../src/capture/source.js";
import type { AudioStreamError } from "../../src/errors.js";
import type { ImportedRecording } from "../../src/host/imported-recording.js";
import { Scope } from "../../src/internal/scope.js";
import { planGap } from "../../src/recording/opus/gap-plan.js";
import { oggOpus } from "../../src/recording/opus/ogg-opus.js";
import { OggOpusFile } from "../../src/recording/opus/ogg-opus-file.js";
import { RecordedOpus, type RecordedOpusParts } from "../../src/recording/opus/recorded-opus.js";
import { WrittenPackets } from "../../src/recording/opus/written-packets.js";
import { recording } from "../../src/recording/recording.js";
import { fakeAudioEncoder } from "../support/fake-audio-encoder.js";
import { type ReadPage, readOggPages } from "../support/ogg-pages.js";

const FORMAT: AudioFormat = { encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 1 };
const MIB = 1_048_576;
/** 312 samples at 48 kHz. */
const PRE_SKIP = 312;
const PACKET = 960;

const pagesOf = async (file: Blob): Promise<ReadPage[]> => readOggPages(new Uint8Array(await file.arrayBuffer()));

const packetsOf = (pages: readonly ReadPage[]): Uint8Array[] => pages.slice(2).flatMap(({ packets }) => packets);

/** How many samples at 48 kHz a decoder gives: RFC 7845, section 4. */
function lengthOf(pages: readonly ReadPage[]): number {
  const [head] = pages[0]?.packets ?? [];
  const preSkip = new DataView(head?.buffer ?? new ArrayBuffer(12), head?.byteOffset).getUint16(10, true);
  const granule = Number(pages.at(-1)?.granule);
  // The end is in the last packet: what is not there cannot be heard.
  expect(Math.ceil(granule / PACKET)).toBe(packetsOf(pages).length);
  return granule - preSkip;
}

describe("an Ogg file of Opus packets", () => {
  const bytes = (length: number, value = 7): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(value);

  it("begins with its headers, counts its pages, and ends in its last packet", async () => {
    const file = new OggOpusFile({ ...FORMAT, channelCount: 2 }, 0xfedcba98);
    file.push(bytes(10), PACKET - PRE_SKIP);
    for (let n = 0; n < 120; n += 1) file.push(bytes(40, n), PACKET);
    const pages = await pagesOf(file.toBlob(121 * PACKET - PRE_SKIP - 5));
    expect(pages.map(({ flags }) => flags)).toEqual([2, 0, 0, 0, 4]);
    expect(pages.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(pages.map(({ serial }) => serial))).toEqual(new Set([0xfedcba98]));
    expect(pages.map(({ granule }) => Number(granule))).toEqual([0, 0, 50 * PACKET, 100 * PACKET, 121 * PACKET - 5]);
    expect(Buffer.from(pages[0]?.packets[0] ?? []).toString("hex")).toBe(
      `${Buffer.from("OpusHead").toString("hex")}01023801803e0000000000`,
    );
    const comments = Buffer.from(pages[1]?.packets[0] ?? []);
    expect(comments.subarray(0, 8).toString()).toBe("OpusTags");
    expect([comments.readUInt32LE(8), comments.subarray(12, 20).toString(), comments.readUInt32LE(20)]).toEqual([
      8,
      "LoquiLex",
      0,
    ]);
    expect(comments.length).toBe(24);
    expect(packetsOf(pages)).toEqual([bytes(10), ...Array.from({ length: 120 }, (_, n) => bytes(40, n))]);
  });

  it.each([0, 1, 254, 255, 256, 510, 1_275, 3_840])("holds packets of %i bytes whole", async (length) => {
    const file = new OggOpusFile(FORMAT, 1);
    for (let n = 0; n < 60; n += 1) file.push(bytes(length, n), PACKET);
    const pages = await pagesOf(file.toBlob());
    expect(packetsOf(pages)).toEqual(Array.from({ length: 60 }, (_, n) => bytes(length, n)));
    expect(lengthOf(pages)).toBe(60 * PACKET);
  });

  it("counts beyond 32 bits, is silent for as long as asked, and goes on where a copy ends", async () => {
    const file = new OggOpusFile(FORMAT, 1);
    file.push(bytes(3), PACKET);
    const before = file.byteLength;
    file.pushSilence(90_000);
    expect(file.byteLength - before).toBe(OggOpusFile.silenceBytes(90_000));
    const copy = file.copy();
    copy.push(bytes(4), PACKET);
    expect(file.sampleCount).toBe(PACKET + 90_000 * 48_000);
    expect(file.sampleCount).toBeGreaterThan(2 ** 32);
    const pages = await pagesOf(copy.toBlob());
    expect(lengthOf(pages)).toBe(2 * PACKET + 90_000 * 48_000);
    expect(pages.length).toBe(2 + 1 + 90_000 + 1);
  }, 60_000);

  it("in a copy has the silence as well that follows packets which are still to come", async () => {
    const written = new WrittenPackets(FORMAT, MIB, new OggOpusFile(FORMAT, 1));
    const push = (to: WrittenPackets, position: number, sampleCount: number): boolean =>
      to.push({ payload: bytes(9), position, sampleCount, flags: 0 });
    written.leapAt(400, 5);
    push(written, 0, 216);
    const copy = written.copy();
    for (const each of [copy, written]) {
      push(each, 216, 320);
      push(each, 536, 320);
      expect(lengthOf(await pagesOf(each.toBlob()))).toBe(3 * 856 + 5 * 48_000);
      expect(each.seconds).toBeCloseTo(856 / 16_000 + 5, 9);
    }
  });

  it("without a packet is a file of nothing", async () => {
    const pages = await pagesOf(new OggOpusFile(FORMAT, 1).toBlob());
    expect(pages.map(({ flags }) => flags)).toEqual([2, 0, 4]);
    expect(lengthOf(pages)).toBe(0);
  });
});

describe("the plan for a gap", () => {
  it.each([1, 15_999, 4 * 16_000 - 1])("has %i samples encoded", (samples) => {
    expect(planGap(samples, 16_000)).toEqual({ before: samples, after: 0, leapSeconds: 0 });
  });

  it.each([4 * 16_000, 4 * 16_000 + 1, 3_600 * 16_000 + 7])(
    "leaves whole seconds of %i samples to no encoder, between silence that is encoded",
    (samples) => {
      const { before, after, leapSeconds } = planGap(samples, 16_000);
      expect(before + after + leapSeconds * 16_000).toBe(samples);
      expect(before).toBe(16_000);
      expect(after).toBeGreaterThanOrEqual(16_000);
      expect(after).toBeLessThan(2 * 16_000);
    },
  );
});

const frame = (position: number, sampleCount: number) => ({
  position,
  sampleCount,
  payload: new Uint8Array(2 * sampleCount).fill(1),
});

describe("what was recorded in Opus", () => {
  function rig(more: Partial<RecordedOpusParts> = {}) {
    const errors: AudioStreamError[] = [];
    const onIncomplete = (error: AudioStreamError): void => void errors.push(error);
    const audio = new RecordedOpus({
      ...{ format: FORMAT, maxBytes: MIB, onIncomplete, serial: 1, fallback: undefined },
      ...more,
    });
    onTestFinished(() => audio.finish());
    const speak = (from: number, to: number): void => {
      for (let position = from; position < to; position += 320)
        audio.push(frame(position, Math.min(320, to - position)));
    };
    return { audio, errors, speak };
  }

  it.each([0, 1, 200, 216, 217, 320, 321, 16_000, 16_007, 50_001])(
    "has all of %i samples, in a file in between as well as at the end",
    async (length) => {
      fakeAudioEncoder();
      const { audio, speak, errors } = rig();
      speak(0, length);
      expect(lengthOf(await pagesOf(await audio.toBlob()))).toBe(3 * length);
      audio.finish();
      expect(lengthOf(await pagesOf(await audio.toBlob()))).toBe(3 * length);
      expect(audio.end).toBe(length);
      expect(errors).toEqual([]);
    },
  );

  it.each([8_000, 11_025, 22_050, 44_100, 37_801])("at %i Hz is as long as at 48 kHz, rounded", async (sampleRate) => {
    fakeAudioEncoder();
    const { audio, speak } = rig({ format: { ...FORMAT, sampleRate } });
    const length = 3 * sampleRate + 1_234;
    speak(0, length);
    const expected = Math.round((length * 48_000) / sampleRate);
    expect(lengthOf(await pagesOf(await audio.toBlob()))).toBe(expected);
    audio.finish();
    expect(lengthOf(await pagesOf(await audio.toBlob()))).toBe(expected);
  });

  it("is silent in gaps, of which an hour goes not through the encoder", async () => {
    const { all } = fakeAudioEncoder();
    const { audio, speak } = rig();
    const hour = 3_600 * 16_000;
    audio.push(frame(5, 320));
    speak(325 + hour, 325 + hour + 1_600);
    audio.push({ position: 1_925 + hour, sampleCount: 3_200, payload: new Uint8Array(0) });
    speak(5_125 + hour, 5_445 + hour);
    expect(lengthOf(await pagesOf(await audio.toBlob()))).toBe(3 * (5_445 + hour));
    audio.finish();
    const pages = await pagesOf(await audio.toBlob());
    expect(audio.gaps).toEqual([
      { from: 0, to: 5 },
      { from: 325, to: 325 + hour },
      { from: 1_925 + hour, to: 5_125 + hour },
    ]);
    expect(lengthOf(pages)).toBe(3 * (5_445 + hour));
    expect(all[0]?.runs.flatMap(({ blocks }) => blocks).length).toBeLessThan(250);
    expect(audio.byteLength).toBeLessThan(MIB);
  });

  it("has no sample twice, whatever comes again", async () => {
    fakeAudioEncoder();
    const { audio } = rig();
    for (const again of [frame(0, 640), frame(320, 640), frame(100, 20), frame(0, 1_000)]) audio.push(again);
    audio.finish();
    expect(lengthOf(await pagesOf(await audio.toBlob()))).toBe(3_000);
    expect(audio.gaps).toEqual([]);
  });

  it("gives the encoder no more than two seconds at once, and has all of what waits", async () => {
    const { all, behaviour } = fakeAudioEncoder();
    const { audio, speak, errors } = rig();
    await audio.toBlob();
    behaviour.stalled = true;
    speak(0, 20 * 16_000);
    expect(all[0]?.runs.at(-1)?.blocks.length).toBeLessThanOrEqual(101);
    expect(audio.byteLength).toBeGreaterThan(17 * 32_000);
    const file = audio.toBlob();
    all[0]?.release();
    expect(lengthOf(await pagesOf(await file))).toBe(20 * 48_000);
    expect(errors).toEqual([]);
  });

  it("keeps what was encoded if the encoder dies, and says so once", async () => {
    const { all } = fakeAudioEncoder();
    const { audio, speak, errors } = rig();
    speak(0, 32_000);
    await audio.toBlob();
    all[0]?.fail("The codec process has ended.");
    speak(32_000, 64_000);
    expect(errors).toMatchObject([{ code: "recording-incomplete", details: { reason: "encoder-failed" } }]);
    expect(errors[0]?.message).toMatch(
      /^The browser's Opus encoder failed, so that the recording ends after 2\.0 seconds: The codec process has ended\. The stream goes on, .*toBlob\(\)\.$/,
    );
    const length = lengthOf(await pagesOf(await audio.toBlob()));
    expect(length).toBeGreaterThan(1.9 * 48_000);
    expect(audio.end).toBe(Math.floor(length / 3));
    audio.finish();
    expect(lengthOf(await pagesOf(await audio.toBlob()))).toBe(length);
    expect(errors).toHaveLength(1);
  });

  it("gives up an encoder that brings nothing out for half a minute", async () => {
    const { behaviour } = fakeAudioEncoder();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { audio, speak, errors } = rig();
    await audio.toBlob();
    behaviour.stalled = true;
    speak(0, 32_000);
    const file = audio.toBlob().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(errors).toEqual([]);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(errors).toMatchObject([{ details: { reason: "encoder-failed" } }]);
    expect(await file).toMatchObject({ code: expect.stringMatching(/recording-incomplete|encoder-failed/) });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps within its limit, and says so once", async () => {
    fakeAudioEncoder();
    const { audio, speak, errors } = rig({ maxBytes: 3_000 });
    for (let second = 0; second < 40; second += 1) {
      speak(16_000 * second, 16_000 * (second + 1));
      await audio.toBlob();
    }
    expect(errors).toMatchObject([{ details: { reason: "full" } }]);
    const file = await audio.toBlob();
    expect(lengthOf(await pagesOf(file))).toBe(3 * audio.end);
    expect(audio.end).toBeGreaterThan(16_000);
    expect(audio.byteLength).toBeLessThanOrEqual(3_000);
    audio.finish();
    expect(lengthOf(await pagesOf(await audio.toBlob()))).toBe(3 * audio.end);
  });

  it("refuses a gap that does not fit, however long it is", async () => {
    fakeAudioEncoder();
    const { audio, speak, errors } = rig();
    speak(0, 16_000);
    audio.push(frame(16_000 * 2 ** 30, 320));
    audio.finish();
    const pages = await pagesOf(await audio.toBlob());
    expect(errors).toMatchObject([{ details: { reason: "full" } }]);
    expect(lengthOf(pages)).toBeLessThan(3 * 48_000);
    expect(audio.gaps).toEqual([{ from: 16_000, to: audio.end }]);
  });

  it("makes one file after the other, however often it is asked", async () => {
    const { all } = fakeAudioEncoder();
    const { audio, speak } = rig();
    speak(0, 16_000);
    await audio.toBlob();
    let open = 0;
    const isOpen = ({ state }: { readonly state: string }): boolean => state !== "closed";
    const files = Array.from({ length: 20 }, async () => {
      const file = await audio.toBlob();
      open = Math.max(open, all.filter(isOpen).length);
      return lengthOf(await pagesOf(file));
    });
    expect(await Promise.all(files)).toEqual(Array(20).fill(48_000));
    expect(open).toBeLessThanOrEqual(2);
    audio.finish();
    await audio.toBlob();
    expect(all.filter(isOpen)).toEqual([]);
  });

  it("lets go of the encoder when it is finished", async () => {
    const { all } = fakeAudioEncoder();
    const { audio, speak } = rig();
    speak(0, 1_000);
    audio.finish();
    await audio.toBlob();
    await audio.toBlob();
    expect(all.map(({ state }) => state)).toEqual(["closed"]);
  });

  it("is a WAV file instead, with all that came before that was known, or is refused with a sentence", async () => {
    fakeAudioEncoder().supported = false;
    const pushed: number[] = [];
    const wav = {
      ...{ end: 640, gaps: [], byteLength: 1_280, finish() {} },
      push: ({ position }: { readonly position: number }) => void pushed.push(position),
      toBlob: async () => new Blob(["wav"]),
    };
    const instead = rig({ fallback: () => wav });
    instead.speak(0, 640);
    expect((await instead.audio.toBlob()).size).toBe(3);
    expect(pushed).toEqual([0, 320]);
    expect(instead.audio.end).toBe(640);
    expect(instead.errors).toEqual([]);
    const refused = rig();
    refused.speak(0, 640);
    await expect(refused.audio.toBlob()).rejects.toMatchObject({
      code: "recording-incomplete",
      details: { reason: "unsupported" },
      message: expect.stringContaining('oggOpus({ fallback: "wav" })'),
    });
    expect(refused.errors).toHaveLength(1);
  });
});

describe("a recording with the format oggOpus()", () => {
  const begin = (copy: ReturnType<typeof recording>, scope = new Scope({ name: "stream" })) => {
    onTestFinished(async () => void (await scope.dispose()));
    const port = (copy as unknown as ImportedRecording).record({ scope, format: FORMAT, onWarning() {} });
    if (port === undefined) throw new Error("Nothing is recorded.");
    onTestFinished(() => port.close());
    return { scope, port };
  };

  it("is finished with the stream, also if its running side says nothing any more", async () => {
    const { all } = fakeAudioEncoder();
    const copy = recording({ format: oggOpus() });
    const { scope, port } = begin(copy);
    port.postMessage(frame(0, 16_000));
    await scope.dispose();
    const file = await copy.toBlob();
    expect(file.type).toBe("audio/ogg; codecs=opus");
    expect(lengthOf(await pagesOf(file))).toBe(48_000);
    await vi.waitFor(() => expect(all.every(({ state }) => state === "closed")).toBe(true), 3_000);
    expect(copy.durationMs).toBe(1_000);
  });

  it("goes on if its running side ends before the stream does, and another takes its place", async () => {
    fakeAudioEncoder();
    const copy = recording({ format: oggOpus() });
    const { scope, port } = begin(copy);
    port.postMessage(frame(0, 16_000));
    port.postMessage("end");
    expect(lengthOf(await pagesOf(await copy.toBlob()))).toBe(48_000);
    const { port: next } = begin(copy, scope);
    next.postMessage(frame(16_000, 16_000));
    next.postMessage("end");
    await vi.waitFor(() => expect(copy.durationMs).toBe(2_000));
    await scope.dispose();
    expect(lengthOf(await pagesOf(await copy.toBlob()))).toBe(96_000);
  });

  it("is refused at once in a page without an encoder, and not on a server", () => {
    const format = oggOpus();
    expect(() => recording({ format })).not.toThrow();
    vi.stubGlobal("document", {});
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(() => recording({ format })).toThrow(
      expect.objectContaining({ code: "unsupported", details: { feature: "opus" } }),
    );
    expect(() => recording({ format: oggOpus({ fallback: "wav" }) })).not.toThrow();
  });

  it.each([["ogg"], ["opus"], ["ogg-opus"], [{}], [null], [3]])("refuses %j with a sentence", (format) => {
    expect(() => recording({ format: format as never })).toThrow(/format must be "wav", or what oggOpus\(\) of/);
    expect(() => recording({ format: oggOpus as never })).toThrow(/and is function\. Import oggOpus, call it/);
  });

  it("refuses a fallback that there is not", () => {
    expect(() => oggOpus({ fallback: "mp3" as never })).toThrow(/fallback must be one of wav, and is "mp3"/);
    expect(() => oggOpus(null as never)).toThrow(TypeError);
  });
});

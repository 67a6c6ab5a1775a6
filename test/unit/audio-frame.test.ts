import fc from "fast-check";
import {
  AUDIO_FRAME_HEADER_BYTES,
  AudioFrameFlag,
  bytesPerSample,
  decodeAudioFrame,
  encodeAudioFrame,
  MAX_FRAME_SAMPLES,
  MAX_OPUS_PACKET_BYTES,
  ShapeError,
  type WireAudioFrame,
} from "loquilex/protocol";
import { describe, expect, it } from "vitest";

const MONO = { encoding: "pcm_s16le", channels: 1 } as const;
const OPUS = { encoding: "opus", channels: 1 } as const;
const ENCODINGS = ["pcm_s16le", "pcm_f32le", "mulaw"] as const;

const frame = (more: Partial<WireAudioFrame> = {}): WireAudioFrame => ({
  flags: 0,
  sampleCount: 2,
  position: 1_000,
  payload: new Uint8Array([1, 2, 3, 4]),
  ...more,
});

/** A good frame with some of its bytes replaced. */
function spoil(...changes: readonly (readonly [offset: number, ...bytes: number[]])[]): Uint8Array<ArrayBuffer> {
  const bytes = encodeAudioFrame(frame());
  for (const [offset, ...values] of changes) bytes.set(values, offset);
  return bytes;
}

describe("an audio frame on the wire", () => {
  it("has the bytes that the protocol's page draws, little-endian", () => {
    const bytes = encodeAudioFrame(frame({ flags: 5, sampleCount: 0x0201, position: 0x04030201 + 2 ** 40 }));
    expect(Array.from(bytes)).toEqual([1, 5, 1, 2, 1, 2, 3, 4, 0, 1, 0, 0, 1, 2, 3, 4]);
  });

  it("comes back as it was sent, whatever it holds", () => {
    const frames = fc
      .record({
        encoding: fc.constantFrom(...ENCODINGS),
        channels: fc.constantFrom(1, 2),
        sampleCount: fc.integer({ min: 1, max: 120 }),
        flags: fc.integer({ min: 0, max: 7 }),
      })
      .chain(({ encoding, channels, sampleCount, flags }) =>
        fc.record({
          format: fc.constant({ encoding, channels }),
          frame: fc.record({
            flags: fc.constant(flags),
            sampleCount: fc.constant(sampleCount),
            position: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - sampleCount }),
            payload: fc
              .uint8Array({
                minLength: (bytesPerSample(encoding) ?? 0) * channels * sampleCount,
                maxLength: (bytesPerSample(encoding) ?? 0) * channels * sampleCount,
              })
              .map((bytes) => Uint8Array.from(bytes)),
          }),
        }),
      );
    fc.assert(
      fc.property(frames, ({ format, frame: sent }) => {
        expect(decodeAudioFrame(encodeAudioFrame(sent), format)).toEqual(sent);
      }),
      { numRuns: 200 },
    );
  }, 30_000);

  it("is read where it lies in a larger buffer, and its payload is a view of it", () => {
    const large = new Uint8Array(100).fill(255);
    large.set(encodeAudioFrame(frame()), 40);
    const decoded = decodeAudioFrame(large.subarray(40, 40 + AUDIO_FRAME_HEADER_BYTES + 4), MONO);
    expect(decoded).toEqual(frame());
    expect(decoded.payload.buffer).toBe(large.buffer);
    expect(decoded.payload.byteOffset).toBe(52);
  });

  it("can be as long as its count can say", () => {
    const long = frame({ sampleCount: MAX_FRAME_SAMPLES, payload: new Uint8Array(MAX_FRAME_SAMPLES * 2) });
    expect(decodeAudioFrame(encodeAudioFrame(long), MONO).sampleCount).toBe(65_535);
  });

  it("has a payload of any size in an encoding whose samples have none", () => {
    const packet = frame({ sampleCount: 960, payload: new Uint8Array(17) });
    expect(bytesPerSample("opus")).toBeUndefined();
    expect(decodeAudioFrame(encodeAudioFrame(packet), { encoding: "opus", channels: 1 })).toEqual(packet);
  });

  it.each([0, AudioFrameFlag.gap, AudioFrameFlag.muted, AudioFrameFlag.last, 7])("may have the flags %i", (flags) => {
    expect(decodeAudioFrame(spoil([1, flags]), MONO).flags).toBe(flags);
  });

  it("says that the codec starts anew where there is one, whatever else it says", () => {
    for (let flags = AudioFrameFlag.restart; flags < 16; flags += 1) {
      expect(decodeAudioFrame(spoil([1, flags], [12, 0]), OPUS).flags).toBe(flags);
      for (const encoding of ENCODINGS) {
        expect(() => decodeAudioFrame(spoil([1, flags]), { encoding, channels: 1 })).toThrow(
          "must not restart a codec",
        );
      }
    }
  });

  it("interleaves two channels, and counts time", () => {
    for (const encoding of ENCODINGS) {
      const payload = new Uint8Array((bytesPerSample(encoding) ?? 0) * 2 * 2);
      expect(decodeAudioFrame(encodeAudioFrame(frame({ payload })), { encoding, channels: 2 }).sampleCount).toBe(2);
    }
  });
});

describe("a binary message that is no audio frame", () => {
  it("is refused when it is too short to have a payload", () => {
    const whole = encodeAudioFrame(frame());
    for (let length = 0; length <= AUDIO_FRAME_HEADER_BYTES; length += 1) {
      expect(() => decodeAudioFrame(whole.slice(0, length), MONO)).toThrow("An audio frame must have a payload.");
    }
  });

  it.each([0, 2, 123, 255])("is refused when its kind is %i", (kind) => {
    expect(() => decodeAudioFrame(spoil([0, kind]), MONO)).toThrow(`is of kind ${kind}`);
  });

  it.each([16, 32, 128, 255, 25])("is refused when its flags are %i", (flags) => {
    expect(() => decodeAudioFrame(spoil([1, flags]), MONO)).toThrow(`flags ${flags} are unknown`);
  });

  it("is refused when it says that it holds no samples", () => {
    expect(() => decodeAudioFrame(spoil([2, 0, 0]), MONO)).toThrow("at least one sample");
    expect(() => decodeAudioFrame(spoil([2, 0, 0]), { encoding: "opus", channels: 1 })).toThrow("at least one sample");
  });

  it.each([
    ["reaches 2^53", 2n ** 53n - 2n],
    ["is 2^53", 2n ** 53n],
    ["is one that only looks whole as a number", 2n ** 53n + 1n],
    ["is the largest of 64 bits", 2n ** 64n - 1n],
  ])("is refused when its position %s", (_, position) => {
    const bytes = encodeAudioFrame(frame());
    new DataView(bytes.buffer).setBigUint64(4, position, true);
    expect(() => decodeAudioFrame(bytes, MONO)).toThrow("must stay below 2^53");
  });

  it("may end one sample below 2^53", () => {
    const bytes = encodeAudioFrame(frame());
    new DataView(bytes.buffer).setBigUint64(4, 2n ** 53n - 3n, true);
    expect(decodeAudioFrame(bytes, MONO).position).toBe(Number.MAX_SAFE_INTEGER - 2);
  });

  it.each([
    ["one byte short", MONO, 3],
    ["one byte long", MONO, 5],
    ["twice as long", MONO, 8],
    ["of one channel where two were agreed", { encoding: "pcm_s16le", channels: 2 } as const, 4],
    ["of 16 bits where floats were agreed", { encoding: "pcm_f32le", channels: 1 } as const, 4],
    ["of 16 bits where 8 were agreed", { encoding: "mulaw", channels: 1 } as const, 4],
  ])("is refused when its payload is %s", (_, format, length) => {
    const bytes = encodeAudioFrame(frame({ payload: new Uint8Array(length) }));
    const expected = (bytesPerSample(format.encoding) ?? 0) * format.channels * 2;
    expect(() => decodeAudioFrame(bytes, format)).toThrow(`must have ${expected} bytes, and has ${length}.`);
  });

  it.each([
    ["longer than any encoder makes it", new Uint8Array(MAX_OPUS_PACKET_BYTES + 1), "at most 3840 bytes, and has 3841"],
    ["of 5 ms, shorter than what a codec begins with", Uint8Array.of(25 << 3, 1), "of 10 to 60 ms, and is of 5 ms"],
    ["of 120 ms", Uint8Array.of((3 << 3) | 1, 1, 2), "of 10 to 60 ms, and is of 120 ms"],
    ["two frames of unequal length, which it says are equal", Uint8Array.of(1, 1, 2, 3), "must be one Opus packet"],
  ])("is refused when its Opus packet is %s", (_, payload, message) => {
    expect(() => decodeAudioFrame(encodeAudioFrame(frame({ payload })), OPUS)).toThrow(message);
  });

  it("is either understood or refused with a ShapeError, be it any bytes", () => {
    const format = fc.record({
      encoding: fc.constantFrom(...ENCODINGS, "opus" as const),
      channels: fc.constantFrom(1, 2),
    });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ minLength: 13, maxLength: 40 }).map((tail) => Uint8Array.from([1, 0, ...tail])),
    );
    fc.assert(
      fc.property(bytes, format, (any, agreed) => {
        try {
          const decoded = decodeAudioFrame(Uint8Array.from(any), agreed);
          expect(encodeAudioFrame(decoded)).toEqual(Uint8Array.from(any));
        } catch (error) {
          expect(error).toBeInstanceOf(ShapeError);
        }
      }),
      { numRuns: 1_000 },
    );
  }, 30_000);
});

import fc from "fast-check";
import { opusPacketDurationMs } from "loquilex/protocol";
import { describe, expect, it } from "vitest";

/** @param config which codec, bandwidth and frame length. @param layout how many frames, and how their lengths are told. */
const packet = (config: number, layout: number, ...rest: number[]): Uint8Array =>
  Uint8Array.of((config << 3) | layout, ...rest);

/** RFC 6716, table 2: milliseconds of a frame, by configuration. */
const FRAME_MS = [
  ...[10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60],
  ...[10, 20, 10, 20],
  ...[2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20],
];
const bytes = (length: number): number[] => new Array<number>(length).fill(7);

describe("how long an Opus packet is", () => {
  it.each(FRAME_MS.map((ms, config) => [config, ms]))("configuration %i has frames of %d ms", (config, ms) => {
    expect(opusPacketDurationMs(packet(config, 0, 1, 2))).toBe(ms);
    expect(opusPacketDurationMs(packet(config, 1, 1, 2))).toBe(2 * ms);
    expect(opusPacketDurationMs(packet(config, 2, 1, 9, 8))).toBe(2 * ms);
    const most = Math.floor(120 / ms);
    expect(opusPacketDurationMs(packet(config, 3, most, ...bytes(most)))).toBe(most * ms);
    expect(opusPacketDurationMs(packet(config, 3, most + 1, ...bytes(most + 1)))).toBeUndefined();
  });

  it.each<readonly [string, Uint8Array, number | undefined]>([
    ["nothing at all", new Uint8Array(0), undefined],
    ["one frame that was not sent", packet(1, 0), 20],
    ["the largest frame", packet(1, 0, ...bytes(1_275)), 20],
    ["a frame beyond the largest", packet(1, 0, ...bytes(1_276)), undefined],
    ["two equal frames of an odd number of bytes", packet(1, 1, ...bytes(3)), undefined],
    ["two frames, the first longer than the packet", packet(1, 2, 5, 1, 2, 3, 4), undefined],
    ["two frames, the second empty", packet(1, 2, 4, 1, 2, 3, 4), 40],
    ["two frames without the first one's length", packet(1, 2), undefined],
    ["a length of two bytes", packet(1, 2, 252, 1, ...bytes(256 + 4)), 40],
    ["a length of two bytes of which one is missing", packet(1, 2, 252), undefined],
    ["a count that is missing", packet(1, 3), undefined],
    ["no frames", packet(1, 3, 0), undefined],
    ["three frames of their own lengths", packet(1, 3, 0x80 | 3, 1, 2, 7, 7, 7, 7), 60],
    ["three frames longer than the packet", packet(1, 3, 0x80 | 3, 1, 5, 7, 7, 7, 7), undefined],
    ["padding", packet(1, 3, 0x40 | 2, 3, 7, 7, 0, 0, 0), 40],
    ["more padding than there are bytes", packet(1, 3, 0x40 | 2, 9, 7, 7), undefined],
    ["padding whose length is missing", packet(1, 3, 0x40 | 2), undefined],
    ["padding told in two bytes", packet(1, 3, 0x40 | 1, 255, 1, 7, ...bytes(255)), 20],
    ["padding whose second byte is missing", packet(1, 3, 0x40 | 1, 255), undefined],
  ])("is told for %s", (_, given, expected) => {
    expect(opusPacketDurationMs(given)).toBe(expected);
  });

  it("is at most 120 ms or not told, be it any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (any) => {
        const durationMs = opusPacketDurationMs(any);
        expect(durationMs === undefined || (durationMs >= 2.5 && durationMs <= 120)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

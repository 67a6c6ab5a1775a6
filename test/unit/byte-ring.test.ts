import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteRing } from "../../src/session/audio/byte-ring.js";

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("append" as const), length: fc.integer({ min: 1, max: 9_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("free" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const) }) },
);

describe("ByteRing", () => {
  it("gives every piece back as it came, across its end and while it grows", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ring = new ByteRing(40_000);
        let pieces: { readonly address: number; readonly bytes: Uint8Array }[] = [];
        for (const [index, what] of steps.entries()) {
          if (what.do === "append") {
            const bytes = Uint8Array.from({ length: what.length }, (_, at) => index * 31 + at);
            pieces.push({ address: ring.append(bytes), bytes });
          } else if (what.do === "free") {
            const oldest = pieces.shift();
            if (oldest !== undefined) ring.freeTo(oldest.address + oldest.bytes.length);
          } else {
            ring.clear();
            pieces = [];
          }
          expect(ring.length).toBe(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0));
          for (const { address, bytes } of pieces) {
            const read = new Uint8Array(bytes.length + 1);
            ring.read(address, bytes.length, read, 1);
            expect(Buffer.compare(read.subarray(1), bytes)).toBe(0);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("reads a part of a piece", () => {
    const ring = new ByteRing(4);
    ring.freeTo(ring.append(Uint8Array.of(1, 2, 3)) + 3);
    const address = ring.append(Uint8Array.of(4, 5, 6));
    const target = new Uint8Array(3);
    ring.read(address + 1, 2, target, 1);
    expect([...target]).toEqual([0, 5, 6]);
  });

  it("takes a piece that is larger than its limit", () => {
    const ring = new ByteRing(4);
    const piece = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const target = new Uint8Array(6);
    ring.read(ring.append(piece), 6, target, 0);
    expect(target).toEqual(piece);
  });
});

import { describe, expect, it } from "vitest";
import { BytePool } from "../../examples/server/processes/byte-pool.js";
import { GrowingBytes } from "../../examples/server/processes/growing-bytes.js";

const filled = (bytes: number, value: number): Uint8Array => new Uint8Array(bytes).fill(value);

describe("bytes that gather in memory of a pool", () => {
  it("are all there, in their order, however often they outgrow their memory", () => {
    const gathered = new GrowingBytes(new BytePool());
    for (let value = 1; value <= 100; value += 1) gathered.append(filled(value * 50, value));
    let at = 0;
    for (let value = 1; value <= 100; value += 1) {
      expect(gathered.subarray(at, at + value * 50).every((byte) => byte === value)).toBe(true);
      at += value * 50;
    }
    expect(gathered.byteLength).toBe(at);
  });

  it("give their memory to whoever needs some of that size, and hold none then", () => {
    const pool = new BytePool();
    const [first, second] = [new GrowingBytes(pool), new GrowingBytes(pool)];
    first.append(filled(5_000, 1));
    const { buffer } = first.subarray();
    second.append(filled(5_000, 2));
    expect(second.subarray().buffer).not.toBe(buffer);
    first.release();
    expect([first.byteLength, first.subarray().byteLength]).toEqual([0, 0]);
    const third = new GrowingBytes(pool);
    third.append(filled(8_000, 3));
    expect(third.subarray().buffer).toBe(buffer);
    expect(second.subarray().every((byte) => byte === 2)).toBe(true);
  });
});

describe("a pool of memory", () => {
  it("gives as much as is asked for, and keeps what is not too large", () => {
    const pool = new BytePool();
    for (const bytes of [0, 1, 4_096, 4_097, 100_000, 131_072, 131_073, 1_000_000]) {
      const memory = pool.take(bytes);
      expect(memory.byteLength).toBeGreaterThanOrEqual(bytes);
      pool.give(memory);
      expect(pool.take(bytes) === memory).toBe(bytes <= 131_072);
    }
  });

  it("keeps no more than it may", () => {
    const pool = new BytePool(32 * 2 ** 20);
    const pieces = Array.from({ length: 300 }, () => pool.take(131_072));
    for (const memory of pieces) pool.give(memory);
    const known = new Set(pieces);
    const again = Array.from({ length: 300 }, () => pool.take(131_072));
    expect(again.filter((memory) => known.has(memory))).toHaveLength(256);
  });

  it("lets go of what nobody has needed for a second, and keeps what is in use", () => {
    const pool = new BytePool();
    const pieces = Array.from({ length: 10 }, () => pool.take(8_192));
    for (const memory of pieces) pool.give(memory);
    pool.forgetUnused(1_000);
    const inUse = [pool.take(8_192), pool.take(8_192), pool.take(8_192)];
    for (const memory of inUse) pool.give(memory);
    pool.forgetUnused(1_200);
    pool.forgetUnused(1_500);
    pool.forgetUnused(2_000);
    const again = Array.from({ length: 10 }, () => pool.take(8_192));
    expect(new Set(again.filter((memory) => pieces.includes(memory)))).toEqual(new Set(inUse));
  });

  it("lets go of little at a time while others of the same size are in use", () => {
    const pool = new BytePool();
    const pieces = Array.from({ length: 65 }, () => pool.take(8_192));
    for (const memory of pieces) pool.give(memory);
    for (let now = 1_000; now <= 2_000; now += 500) {
      pool.forgetUnused(now);
      pool.give(pool.take(8_192));
    }
    const again = Array.from({ length: 65 }, () => pool.take(8_192));
    expect(again.filter((memory) => pieces.includes(memory))).toHaveLength(61);
  });
});

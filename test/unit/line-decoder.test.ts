import { describe, expect, it } from "vitest";
import { LineDecoder } from "../../examples/server/processes/line-decoder.js";

// hasamba/DFIR-Companion#515
describe("LineDecoder", () => {
  it("keeps characters whole wherever the chunks are cut", () => {
    const text = "größe ñandú\nПривет, мир\r\n日本語 🎤\nend";
    const bytes = new TextEncoder().encode(text);
    for (let size = 1; size <= bytes.length; size += 1) {
      const decoder = new LineDecoder();
      const lines: string[] = [];
      for (let at = 0; at < bytes.length; at += size) lines.push(...decoder.push(bytes.subarray(at, at + size)));
      lines.push(...decoder.end());
      expect(lines).toEqual(["größe ñandú", "Привет, мир", "日本語 🎤", "end"]);
    }
  });

  it("hands a line out as soon as it is complete", () => {
    const decoder = new LineDecoder();
    expect(decoder.push(Buffer.from("one\ntw"))).toEqual(["one"]);
    expect(decoder.push(Buffer.from("o\n\n"))).toEqual(["two", ""]);
    expect(decoder.end()).toEqual([]);
  });

  it("shows where bytes were not UTF-8, and goes on", () => {
    const decoder = new LineDecoder();
    expect(decoder.push(Uint8Array.of(0x61, 0xff, 0x62, 0x0a))).toEqual(["a\ufffdb"]);
    expect(decoder.push(Uint8Array.of(0xe2, 0x82))).toEqual([]);
    expect(decoder.end()).toEqual(["\ufffd"]);
  });

  it("does not gather a line without end: what is too much is left out, and the next line is whole", () => {
    const decoder = new LineDecoder();
    const lines: string[] = [];
    for (let count = 0; count < 100; count += 1) lines.push(...decoder.push(Buffer.alloc(10_000, "x")));
    expect(lines).toEqual([]);
    expect(decoder.push(Buffer.from("\nnext\n"))).toEqual(["x".repeat(65_536), "next"]);
    decoder.push(Buffer.alloc(100_000, "y"));
    expect(decoder.end()).toEqual(["y".repeat(65_536)]);
  });

  it("cuts no character in two", () => {
    for (const size of [999, 65_536, 1_000_000]) {
      const decoder = new LineDecoder();
      const bytes = Buffer.from(`a${"🎤".repeat(100_000)}\nend\n`);
      const lines: string[] = [];
      for (let at = 0; at < bytes.length; at += size) lines.push(...decoder.push(bytes.subarray(at, at + size)));
      expect(lines).toEqual([`a${"🎤".repeat(32_767)}`, "end"]);
    }
  });
});

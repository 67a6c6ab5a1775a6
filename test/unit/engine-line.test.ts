import { describe, expect, it } from "vitest";
import { parseEngineLine } from "../../examples/server/engines/engine-line.js";
import { fitSegment } from "../../examples/server/engines/fit-segment.js";
import { InputClock } from "../../examples/server/engines/input-clock.js";

/** Longer than any text may be, of characters that have two UTF-16 units. */
const EMOJI = "😀".repeat(40_000);
const UNTIMED = { from: undefined, to: undefined, words: undefined };

describe("a line of an engine", () => {
  it("is the text of a segment", () => {
    expect(parseEngineLine("  switch on the light ")).toEqual({ text: "switch on the light", final: true, ...UNTIMED });
    expect(parseEngineLine("{laughs}")).toMatchObject({ text: "{laughs}" });
    expect(parseEngineLine("")).toBeUndefined();
  });

  it("may be an object, whose unknown fields are passed over", () => {
    const words = [{ text: "on", from: 1, to: 1.5, confidence: 0.9 }];
    const line = JSON.stringify({ text: "on", final: false, from: 1, to: 1.5, words, model: { name: "small" } });
    expect(parseEngineLine(line)).toEqual({
      ...{ text: "on", final: false, from: 1, to: 1.5 },
      words: [{ text: "on", from: 1, to: 1.5 }],
    });
    expect(parseEngineLine('{"text":"on"}')).toEqual({ text: "on", final: true, ...UNTIMED });
  });

  it("may take a partial caption back", () => {
    expect(parseEngineLine('{"text":""}')).toEqual({ text: "", final: true, ...UNTIMED });
  });

  it.each([
    ["half an object", '{"text": "on", "wor'],
    ["an object without a text", '{"progress": 0.4}'],
    ["a text that is none", '{"text": 4}'],
    ["an empty object", "{}"],
    ["binary data", "\u0000\u0001\ufffd\ufffda\ufffd"],
    ["binary data in an object", '{"text": "\\u0000\\u0001\\u0002a"}'],
    ["movements of a cursor", "\u001b[2K\r\u001b[1A"],
  ])("says nothing if it is %s", (_, line) => {
    expect(parseEngineLine(line)).toBeUndefined();
  });

  it("loses what no caption may have", () => {
    const words = [{ text: "a", from: 2, to: 1 }, { text: "b", from: -1, to: 1 }, { text: 1 }, null, "c"];
    const long = { text: "d".repeat(2_000), from: 0, to: 1e300 };
    const line = JSON.stringify({ text: "a\u0007bcd", from: "0", to: -1, words: [...words, long] });
    expect(parseEngineLine(line)).toEqual({
      ...{ text: "a bcd", final: true, from: undefined, to: undefined },
      words: [{ text: "d".repeat(1_000), from: 0, to: 1e300 }],
    });
    const [word] = parseEngineLine(JSON.stringify({ text: "", words: [{ ...long, text: `a${EMOJI}` }] }))?.words ?? [];
    expect([word?.text.endsWith("😀"), word?.text.length]).toEqual([true, 999]);
    expect(parseEngineLine("\u001b[32mgreen\u001b[0m")?.text).toBe("green");
    expect(parseEngineLine("caf\ufffd au lait")?.text).toBe("caf\ufffd au lait");
  });
});

describe("a segment that is too long for a caption", () => {
  it("is cut between two characters", () => {
    const words = [{ text: `a${EMOJI}`, from: 0, to: 1 }];
    const fitting = fitSegment({ segmentId: "1", final: true, text: `a${EMOJI}`, from: 0, to: 1, words });
    expect([fitting.text, fitting.words?.[0]?.text].map((text) => [text?.endsWith("😀"), text?.length])).toEqual([
      [true, 65_535],
      [true, 999],
    ]);
  });
});

describe("InputClock", () => {
  it("knows where in the stream an engine's input is from, though gaps are shorter there", () => {
    const input = new InputClock(16_000, 1_000);
    input.advance(16_000);
    input.skip(8_000, 100_000);
    input.advance(16_000);
    expect([0, 0.5, 1].map((seconds) => input.toStream(seconds))).toEqual([1_000, 9_000, 17_000]);
    expect([1.5, 2, 2.5].map((seconds) => input.toStream(seconds))).toEqual([100_000, 108_000, 116_000]);
    expect(input.position).toBe(116_000);
  });

  it("never leaves the stream, whatever it is asked", () => {
    const input = new InputClock(16_000, 1_000);
    input.advance(320);
    expect([99, 1e300].map((seconds) => input.toStream(seconds))).toEqual([1_320, 1_320]);
    for (let count = 1; count <= 5_000; count += 1) input.skip(160, 1_320 + count * 16_000);
    expect(input.toStream(0)).toBe(1_000);
    expect(input.toStream(1e300)).toBe(input.position);
  });
});

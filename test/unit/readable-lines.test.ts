import { describe, expect, it } from "vitest";
import { readableLine } from "../../examples/server/logging/readable-lines.js";

const AT = new Date(2026, 0, 2, 3, 4, 5).getTime();
const line = (entry: object): string => `${JSON.stringify({ level: 30, time: AT, ...entry })}\n`;

describe("a log line for a terminal", () => {
  it("is a time, a level, a sentence and what belongs to it", () => {
    expect(readableLine(line({ engine: "segmenter", sessions: 2, msg: "Ready." }))).toBe(
      "03:04:05 info    Ready. engine=segmenter sessions=2\n",
    );
  });

  it("shows an error with its stack", () => {
    const err = { type: "Error", message: "no", stack: "Error: no\n    at here" };
    expect(readableLine(line({ level: 50, err, msg: "Failed." }))).toBe(
      "03:04:05 error   Failed. \n  Error: no\n      at here\n",
    );
  });

  it("holds nothing that a terminal obeys, whoever wrote it", () => {
    const shown = readableLine(line({ origin: "\u001b[2Jevil\r", "\u009b1m": "\u0007", msg: "Refused\u001b[0m." }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(shown.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(shown).toContain("evil");
  });

  it.each(["not JSON\n", "null\n", "3\n"])("is left as it is if it is no object: %j", (text) => {
    expect(readableLine(text)).toBe(text);
  });

  it("is shown without a time if it has none", () => {
    expect(readableLine('{"level":35,"msg":"Odd."}\n')).toBe("--:--:-- 35      Odd.\n");
  });
});

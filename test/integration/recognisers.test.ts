import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Segment } from "../../examples/server/engines/engine.js";
import { openEngine, textsOf } from "../support/selected-engine.js";
import { letHear, spokenDigits } from "../support/spoken-digits.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Modules and a program that behave as the documentation of the recognisers says. */
const STAND_INS = fileURLToPath(new URL("../support/fixtures/recognisers", import.meta.url));
const PROGRAMS = fileURLToPath(new URL("../../examples/server/engines/programs", import.meta.url));

/** Lets a program that uses a stand-in hear digits, spoken a second apart. @returns what became of its lines. */
async function heardBy(program: string): Promise<Segment[]> {
  vi.stubEnv("PYTHONPATH", STAND_INS);
  vi.stubEnv("PATH", `${STAND_INS}:${process.env.PATH ?? ""}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { run, segments, statuses } = await openEngine({
    LX_ENGINE: "command",
    LX_ENGINE_COMMAND: `python3 -B ${PROGRAMS}/${program}`,
  });
  await letHear(run, await spokenDigits(), 1_000);
  await run.end();
  await run.dispose();
  expect(statuses).toEqual([{ engine: "command", words: true, detail: "" }]);
  return segments;
}

const at = (seconds: number): number => 1_000 + Math.round(seconds * 16_000);

describe("the program that lets a recogniser listen", () => {
  it("gives what Vosk understands so far, and then its words with their times", async () => {
    expect(await heardBy("listen-vosk.py model")).toEqual([
      expect.objectContaining({ text: "switch", final: false }),
      {
        ...{ text: "switch on", segmentId: expect.any(String), final: true, from: at(0.5), to: at(1.2) },
        words: [
          { text: "switch", from: at(0.5), to: at(0.9) },
          { text: "on", from: at(0.9), to: at(1.2) },
        ],
      },
    ]);
  });

  it("puts the tokens of sherpa-onnx together, in each of its segments", async () => {
    const model = await temporaryFolder();
    for (const file of ["tokens.txt", "encoder-1.int8.onnx", "encoder-1.onnx", "decoder-1.onnx", "joiner-1.onnx"]) {
      await writeFile(join(model, file), "");
    }
    const segments = await heardBy(`listen-sherpa-onnx.py ${model}`);
    expect(textsOf(segments).slice(0, 6)).toEqual([
      "SWITCH",
      "SWITCH ON",
      "SWITCH ON",
      "SWITCH",
      "SWITCH ON",
      "SWITCH ON",
    ]);
    const finals = segments.filter(({ final }) => final);
    for (const [index, { words }] of finals.slice(0, 2).entries()) {
      expect(words).toEqual([
        { text: "SWITCH", from: at(2 * index + 0.48), to: at(2 * index + 0.8) },
        { text: "ON", from: at(2 * index + 1), to: at(2 * index + 1.2) },
      ]);
    }
  });

  it.each([
    ["whisper.cpp", "listen-whisper-cpp.py model -l en", ["A number", "A number", "A number", "A number"]],
    ["faster-whisper", "listen-faster-whisper.py model en", ["Number 1.", "Number 2.", "Number 3.", "Number 4."]],
  ])("cuts what is said into segments for %s, and puts its words where they were spoken", async (_, program, texts) => {
    const segments = await heardBy(program);
    expect(textsOf(segments)).toEqual(texts);
    for (const [index, { words = [], from, to, final }] of segments.entries()) {
      expect([final, words.length, words[0]?.from, words[1]?.to]).toEqual([true, 2, from, to]);
      expect((words[1]?.from ?? 0) - from).toBeLessThan(0.25 * 16_000);
      expect(from).toBeGreaterThan(segments[index - 1]?.to ?? 0);
    }
  });
});

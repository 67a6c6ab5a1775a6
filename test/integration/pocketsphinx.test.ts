import { existsSync } from "node:fs";
import { readdir, readFile, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { ServerData } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import type { EngineStatus } from "../../examples/server/engines/engine.js";
import { EngineResampler } from "../../examples/server/engines/hearing/engine-resampler.js";
import { toMono } from "../../examples/server/engines/hearing/mono-samples.js";
import { countingFrame, framesOf, openRecording } from "../support/open-recording.js";
import { selectedEngine } from "../support/selected-engine.js";
import { DIGITS_GRAMMAR, SPOKEN_DIGITS } from "../support/speech.js";
import { spokenDigits } from "../support/spoken-digits.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** If the program is missing, this rejects with a sentence that says how to install it. */
const pocketsphinx = (path = process.env.PATH ?? "") =>
  selectedEngine(
    { LX_ENGINE: "pocketsphinx", LX_POCKETSPHINX_JSGF: DIGITS_GRAMMAR, LX_MAX_CUDA_SESSIONS: "1" },
    { path },
  );

describe("pocketsphinx", () => {
  it("turns spoken digits into captions, a transcript and a recording", { timeout: 60_000 }, async () => {
    const outDir = await temporaryFolder();
    const { recording, of } = openRecording({ outDir, engine: await pocketsphinx() });
    const spoken = await spokenDigits();
    for (const frame of framesOf(spoken)) recording.append(frame);
    // All of it came at once, and takes the recogniser longer than last words may.
    await expect.poll(() => of("asr.final").length, { timeout: 40_000 }).toBeGreaterThan(2);
    await recording.end();
    const finals = of<ServerData["asr.final"]>("asr.final");
    expect(finals.map(({ text }) => text)).toEqual(SPOKEN_DIGITS);
    expect(new Set(finals.map(({ segment_id }) => segment_id)).size).toBe(finals.length);
    for (const { segment_id, words = [], audio, text } of finals) {
      expect(words.map((word) => word.text)).toEqual([text]);
      expect([words[0]?.from, words.at(-1)?.to]).toEqual([audio?.from, audio?.to]);
      expect(of<ServerData["asr.partial"]>("asr.partial").some((partial) => partial.segment_id === segment_id)).toBe(
        true,
      );
    }
    // They are spoken a second apart.
    const starts = finals.map(({ audio }) => audio?.from ?? 0);
    for (const [index, start] of starts.slice(1).entries())
      expect(start - (starts[index] ?? 0)).toBeGreaterThan(12_000);
    expect(finals.at(-1)?.audio?.to).toBeLessThanOrEqual(spoken.byteLength / 2);
    expect(of("status")).toEqual([{ engine: "pocketsphinx", words: true, detail: "" }]);
    const names = (await readdir(outDir)).toSorted();
    const [captions = "", transcript = "", wav = ""] = names;
    expect(names).toEqual([/\.jsonl$/, /\.txt$/, /\.wav$/].map((ending) => expect.stringMatching(ending)));
    expect((await readFile(join(outDir, captions), "utf8")).trimEnd().split("\n")).toHaveLength(
      1 + SPOKEN_DIGITS.length,
    );
    expect(await readFile(join(outDir, transcript), "utf8")).toBe(`${SPOKEN_DIGITS.join("\n")}\n`);
    expect((await readFile(join(outDir, wav))).subarray(44)).toEqual(Buffer.from(spoken));
  });

  it("hears two channels of floats at 48 kHz as it hears its own format", { timeout: 60_000 }, async () => {
    const outDir = await temporaryFolder();
    const format = { encoding: "pcm_f32le", sampleRate: 48_000, channels: 2 } as const;
    const { recording, of } = openRecording({ outDir, engine: await pocketsphinx(), format });
    const mono = new EngineResampler(16_000, 48_000).push(toMono(await spokenDigits(), "pcm_s16le", 1));
    const frameSamples = 960;
    for (let position = 0; position < mono.length; position += frameSamples) {
      const values = mono.subarray(position, position + frameSamples);
      const interleaved = Float32Array.from({ length: 2 * values.length }, (_, index) => values[index >> 1] ?? 0);
      const payload = new Uint8Array(interleaved.buffer);
      recording.append({ flags: 0, position, sampleCount: values.length, payload });
    }
    // All of it came at once, and takes the recogniser longer than last words may.
    await expect.poll(() => of("asr.final").length, { timeout: 40_000 }).toBeGreaterThan(2);
    await recording.end();
    const finals = of<{ text: string; audio: { from: number; to: number } }>("asr.final");
    expect(finals.map(({ text }) => text)).toEqual(SPOKEN_DIGITS);
    // Positions are the stream's own, not those at the rate of the recogniser.
    expect(finals.every(({ audio }) => audio.from <= audio.to && audio.to <= mono.length)).toBe(true);
    expect(finals.at(-1)?.audio.to).toBeGreaterThan(mono.length / 2);
    expect(of("status")).toEqual([{ engine: "pocketsphinx", words: true, detail: "" }]);
  });

  it("needs no python3, and then has finals alone", { timeout: 60_000 }, async () => {
    const folder = await temporaryFolder();
    const directories = (process.env.PATH ?? "").split(delimiter);
    for (const program of ["sh", "cat", "pocketsphinx_continuous"]) {
      const directory = directories.find((candidate) => existsSync(join(candidate, program))) ?? "";
      await symlink(join(directory, program), join(folder, program));
    }
    const engine = await pocketsphinx(folder);
    const { recording, of } = openRecording({ outDir: await temporaryFolder(), engine });
    for (const frame of framesOf(await spokenDigits())) recording.append(frame);
    await expect.poll(() => of("asr.final").length, { timeout: 40_000 }).toBeGreaterThan(2);
    await recording.end();
    expect(of<ServerData["asr.final"]>("asr.final").map(({ text }) => text)).toEqual(SPOKEN_DIGITS);
    expect(of("asr.partial")).toEqual([]);
  });

  it("leaves streams that it has no place for to the segmenter, until it has one", { timeout: 60_000 }, async () => {
    const engine = await pocketsphinx();
    const outDir = await temporaryFolder();
    const silence = () => countingFrame(0, 1);
    const first = openRecording({ outDir, engine, sessionId: "first" });
    first.recording.append(silence());
    await expect.poll(() => first.of("status")).toHaveLength(1);
    const second = openRecording({ outDir, engine });
    second.recording.append(silence());
    await expect
      .poll(() => second.of<EngineStatus>("status").at(-1))
      .toMatchObject({
        place: 1,
        detail: expect.stringContaining("All 1 places of the engine pocketsphinx are taken, so segmenter listens"),
      });
    await first.recording.end();
    await expect.poll(() => second.of<EngineStatus>("status").at(-1)?.engine).toBe("pocketsphinx");
  });
});

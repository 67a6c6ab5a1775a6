import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EngineStatus } from "../../examples/server/engines/engine.js";
import { EngineResampler } from "../../examples/server/engines/hearing/engine-resampler.js";
import { toMono } from "../../examples/server/engines/hearing/mono-samples.js";
import { framesOf, openRecording } from "../support/open-recording.js";
import { selectedEngine } from "../support/selected-engine.js";
import { DIGITS_GRAMMAR, SPOKEN_DIGITS } from "../support/speech.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** If the program is missing, this rejects with a sentence that says how to install it. */
const pocketsphinx = () =>
  selectedEngine(
    { LX_ENGINE: "pocketsphinx", LX_POCKETSPHINX_JSGF: DIGITS_GRAMMAR, LX_MAX_CUDA_SESSIONS: "1" },
    { path: process.env.PATH ?? "" },
  );

async function digits(): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array((await readFile(new URL("../support/fixtures/digits.wav", import.meta.url))).subarray(44));
}

describe("pocketsphinx", () => {
  it("turns spoken digits into captions, a transcript and a recording", { timeout: 60_000 }, async () => {
    const outDir = await temporaryFolder();
    const { recording, of } = openRecording({ outDir, engine: await pocketsphinx() });
    const spoken = await digits();
    for (const frame of framesOf(spoken)) recording.append(frame);
    await recording.end();
    const finals = of<{ text: string; segment_id: string; audio: { from: number; to: number } }>("asr.final");
    expect(finals.map(({ text }) => text)).toEqual(SPOKEN_DIGITS);
    expect(new Set(finals.map(({ segment_id }) => segment_id)).size).toBe(finals.length);
    expect(finals.every(({ audio }) => audio.from <= audio.to && audio.to <= spoken.byteLength / 2)).toBe(true);
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
    const mono = new EngineResampler(16_000, 48_000).push(toMono(await digits(), "pcm_s16le", 1));
    const frameSamples = 960;
    for (let position = 0; position < mono.length; position += frameSamples) {
      const values = mono.subarray(position, position + frameSamples);
      const interleaved = Float32Array.from({ length: 2 * values.length }, (_, index) => values[index >> 1] ?? 0);
      const payload = new Uint8Array(interleaved.buffer);
      recording.append({ flags: 0, position, sampleCount: values.length, payload });
    }
    await recording.end();
    const finals = of<{ text: string; audio: { from: number; to: number } }>("asr.final");
    expect(finals.map(({ text }) => text)).toEqual(SPOKEN_DIGITS);
    // Positions are the stream's own, not those at the rate of the recogniser.
    expect(finals.every(({ audio }) => audio.from <= audio.to && audio.to <= mono.length)).toBe(true);
    expect(finals.at(-1)?.audio.to).toBeGreaterThan(mono.length / 2);
    expect(of("status")).toEqual([{ engine: "pocketsphinx", words: true, detail: "" }]);
  });

  it("leaves streams that it has no place for to the segmenter", { timeout: 60_000 }, async () => {
    const engine = await pocketsphinx();
    const outDir = await temporaryFolder();
    const details: string[] = [];
    const onEvent = (t: string, data: unknown) => {
      if (t === "status") details.push((data as EngineStatus).detail);
    };
    const first = openRecording({ outDir, engine, sessionId: "first" });
    await expect.poll(() => first.of("status")).toHaveLength(1);
    await openRecording({ outDir, engine, onEvent }).recording.end();
    await first.recording.end();
    const third = openRecording({ outDir, engine, sessionId: "third" });
    await third.recording.end();
    expect(details[0]).toContain("All 1 places of the engine pocketsphinx are taken, so segmenter listens instead.");
    expect(third.of<EngineStatus>("status")[0]?.engine).toBe("pocketsphinx");
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deferred, systemClock } from "loquilex/resources";
import { describe, expect, it, vi } from "vitest";
import { segmenterEngine } from "../../examples/server/engines/thread-engine.js";
import type { QueueDrop } from "../../examples/server/recording/recording-events.js";
import { ManualClock } from "../support/manual-clock.js";
import {
  countingFrame,
  FRAME_SAMPLES,
  framesOf,
  openRecording,
  SAMPLE_RATE,
  ScriptedEngine,
} from "../support/open-recording.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { testScope } from "../support/test-scope.js";
import { parseWav } from "../support/wav.js";

/** The bytes of the only recording in the folder, finished or not, without its header. */
async function recorded(folder: string): Promise<Buffer> {
  const names = (await readdir(folder)).filter((name) => /\.(wav|part)$/.test(name));
  expect(names).toHaveLength(1);
  return (await readFile(join(folder, names[0] ?? ""))).subarray(44);
}

const bytesOf = (...frames: { readonly payload: Uint8Array }[]) => Buffer.concat(frames.map(({ payload }) => payload));
const positions = (count: number) => Array.from({ length: count }, (_, index) => index * FRAME_SAMPLES);

describe("keeping the audio", () => {
  it("says that audio is kept only once it is in the file", async () => {
    const outDir = await temporaryFolder();
    const inFile: Promise<number>[] = [];
    const kept: number[] = [];
    const { recording } = openRecording({
      outDir,
      engine: new ScriptedEngine(),
      onKept: (position) => {
        kept.push(position);
        inFile.push(recorded(outDir).then((bytes) => bytes.byteLength / 2));
      },
    });
    for (const position of positions(100)) {
      recording.append(countingFrame(position));
      if (position % (10 * FRAME_SAMPLES) === 0) await pause(10);
    }
    await recording.end();
    expect(kept.at(-1)).toBe(100 * FRAME_SAMPLES);
    expect(kept).toEqual(kept.toSorted((a, b) => a - b));
    for (const [index, size] of (await Promise.all(inFile)).entries())
      expect(size).toBeGreaterThanOrEqual(kept[index] ?? 0);
    expect(await recorded(outDir)).toEqual(bytesOf(...positions(100).map((position) => countingFrame(position))));
  });

  it("gathers frames for 150 ms, and writes at once what must not wait", async () => {
    const outDir = await temporaryFolder();
    const clock = new ManualClock();
    const { recording, of } = openRecording({ outDir, clock, engine: new ScriptedEngine() });
    recording.append(countingFrame(0));
    await vi.waitFor(() => expect(of("kept")).toEqual([320]));
    for (const position of positions(5).slice(1)) recording.append(countingFrame(position));
    clock.advance(149);
    await pause(20);
    expect(of("kept")).toEqual([320]);
    clock.advance(1);
    await vi.waitFor(() => expect(of("kept")).toEqual([320, 1_600]));
    recording.append(countingFrame(1_600));
    await pause(20);
    expect(of("kept")).toEqual([320, 1_600]);
    recording.append(countingFrame(1_920, 32_768));
    await vi.waitFor(() => expect(of("kept").at(-1)).toBe(34_688));
    recording.append(countingFrame(34_688));
    await recording.end();
    expect(of("kept").at(-1)).toBe(35_008);
  });

  it("records a declared gap as silence of its length, and begins where the stream begins", async () => {
    const outDir = await temporaryFolder();
    const engine = new ScriptedEngine();
    const { recording, of } = openRecording({ outDir, engine, startPosition: 1_000 });
    recording.append(countingFrame(1_000));
    recording.append(countingFrame(2_000));
    recording.append(countingFrame(2_320));
    await recording.end();
    const silence = { payload: new Uint8Array(2 * 680) };
    expect(await recorded(outDir)).toEqual(
      bytesOf(countingFrame(1_000), silence, countingFrame(2_000), countingFrame(2_320)),
    );
    expect(of("kept").at(-1)).toBe(2_640);
    expect(engine.heard).toEqual([
      [1_000, 320],
      [2_000, 320],
      [2_320, 320],
    ]);
    expect(engine.gaps).toEqual([[1_320, 2_000]]);
  });

  it("does not let a client make files of any size by naming positions", async () => {
    const outDir = await temporaryFolder();
    const { recording, of } = openRecording({ outDir, clock: new ManualClock(), engine: new ScriptedEngine() });
    recording.append(countingFrame(0));
    recording.append(countingFrame(2 ** 50));
    recording.append(countingFrame(2 ** 52));
    await recording.end();
    // Ten minutes, and as much again as there was sound before the last gap.
    expect((await recorded(outDir)).byteLength).toBe(2 * (600 * SAMPLE_RATE + (3 + 2) * FRAME_SAMPLES));
    expect(of("kept").at(-1)).toBe(2 ** 52 + FRAME_SAMPLES);
  });

  it("keeps the time of a recording that is mostly gaps, as far as it has really gone on", async () => {
    const outDir = await temporaryFolder();
    const clock = new ManualClock();
    const { recording, told } = openRecording({ outDir, clock, engine: new ScriptedEngine() });
    recording.append(countingFrame(0));
    await vi.waitFor(() => expect(told).toContainEqual(["kept", FRAME_SAMPLES]));
    let position = 0;
    for (let hour = 1; hour <= 3; hour += 1) {
      clock.advance(3_600_000);
      position += 3_600 * SAMPLE_RATE;
      recording.append(countingFrame(position));
      await vi.waitFor(() => expect(told.at(-1)).toEqual(["kept", position + FRAME_SAMPLES]));
    }
    await recording.end();
    const [name = ""] = (await readdir(outDir)).filter((file) => file.endsWith(".wav"));
    const { size, blocks } = await stat(join(outDir, name));
    expect(size).toBe(44 + 2 * (position + FRAME_SAMPLES));
    // Of 345 megabytes, the disk has what is no silence.
    expect(blocks * 512).toBeLessThan(1_000_000);
  });

  it("never writes over another recording of the same session", async () => {
    const outDir = await temporaryFolder();
    const startedAt = new Date("2026-01-02T03:04:05.678Z");
    const frames = [countingFrame(0), countingFrame(320), countingFrame(640)];
    for (const frame of frames) {
      const { recording } = openRecording({
        outDir,
        startedAt,
        startPosition: frame.position,
        engine: new ScriptedEngine(),
      });
      recording.append(frame);
      await recording.end();
    }
    const stem = "session-20260102T030405Z";
    expect(await readdir(outDir)).toEqual(
      ["-2.txt", "-2.wav", "-3.txt", "-3.wav", ".txt", ".wav"].map((ending) => stem + ending),
    );
    expect((await readFile(join(outDir, `${stem}-2.wav`))).subarray(44)).toEqual(bytesOf(countingFrame(320)));
  });

  it.each(["../../etc/passwd", "a/b", "..", ".", "-rf", "x".repeat(65), "ünï", "a\0b", ""])(
    "stays in its folder whatever the session is called: %j",
    async (sessionId) => {
      const folder = await temporaryFolder();
      const outDir = join(folder, "out");
      await mkdir(outDir);
      const { recording } = openRecording({ outDir, sessionId, engine: new ScriptedEngine() });
      recording.append(countingFrame(0));
      await recording.end();
      expect(await readdir(folder)).toEqual(["out"]);
      const names = await readdir(outDir);
      expect(names).toHaveLength(2);
      for (const name of names) expect(name).toMatch(/^(?:x{8}-)?[0-9a-f]{32}-\d{8}T\d{6}Z\.(txt|wav)$/);
    },
  );

  it("fails once with a sentence when the folder is gone, and lets go of everything", async () => {
    const outDir = await temporaryFolder();
    const engine = new ScriptedEngine();
    const { recording, of } = openRecording({ outDir, engine });
    recording.append(countingFrame(0));
    await vi.waitFor(() => expect(of("kept")).toEqual([320]));
    await rm(outDir, { recursive: true });
    for (const position of positions(20).slice(1)) recording.append(countingFrame(position));
    await vi.waitFor(() => expect(of("failed")).toHaveLength(1));
    expect(of<Error>("failed")[0]?.message).toMatch(
      /^The recording .* could not be written: it, or its folder, was removed/,
    );
    await expect(recording.end()).rejects.toThrow("The recording");
    expect(of("failed")).toHaveLength(1);
    expect(of("kept")).toEqual([320]);
    expect(engine.disposals).toBe(1);
  });

  it("fails when its files cannot be made at all", async () => {
    const file = join(await temporaryFolder(), "file");
    await writeFile(file, "");
    const { recording, of } = openRecording({ outDir: join(file, "absent"), engine: new ScriptedEngine() });
    recording.append(countingFrame(0));
    await vi.waitFor(() => expect(of<Error>("failed")[0]?.message).toContain("The transcript"));
    await expect(recording.end()).rejects.toThrow("The transcript");
    expect(of("kept")).toEqual([]);
  });

  it("makes its folder again when somebody has removed it while the server runs", async () => {
    const outDir = join(await temporaryFolder(), "absent");
    const { recording, of } = openRecording({ outDir, engine: new ScriptedEngine() });
    recording.append(countingFrame(0));
    await recording.end();
    expect(of("failed")).toEqual([]);
    expect((await recorded(outDir)).byteLength).toBe(2 * FRAME_SAMPLES);
  });

  it("finishes the file with what came so far when it is disposed", async () => {
    const outDir = await temporaryFolder();
    const { recording, scope, of } = openRecording({ outDir, engine: new ScriptedEngine() });
    for (const position of positions(10)) recording.append(countingFrame(position));
    await scope.dispose();
    recording.append(countingFrame(10 * FRAME_SAMPLES));
    await recording.dispose();
    const [name] = (await readdir(outDir)).filter((file) => file.endsWith(".wav"));
    expect(parseWav(await readFile(join(outDir, name ?? ""))).samples).toHaveLength(10 * FRAME_SAMPLES);
    expect(of("failed")).toEqual([]);
    expect(scope.resources()).toEqual([]);
  });
});

describe("captions", () => {
  it("come with the segment's positions, and the transcript holds the finals", async () => {
    const outDir = await temporaryFolder();
    const engine = new ScriptedEngine();
    const { recording, told } = openRecording({ outDir, engine });
    recording.append(countingFrame(0));
    await vi.waitFor(() => expect(engine.heard).toHaveLength(1));
    const segment = { segmentId: "s-1", from: 0, to: 320 };
    engine.stream?.onSegment({ ...segment, text: "hel", final: false });
    engine.stream?.onSegment({ ...segment, text: "hello", final: true });
    engine.stream?.onSegment({ ...segment, segmentId: "s-2", text: "wor", final: false });
    await recording.end();
    const data = { segment_id: "s-1", audio: { from: 0, to: 320 } };
    expect(told.filter(([t]) => t !== "kept").slice(0, 3)).toEqual([
      ["status", { engine: "scripted", words: true, detail: "" }],
      ["asr.partial", { ...data, text: "hel", final: false }],
      ["asr.final", { ...data, text: "hello", final: true }],
    ]);
    const [transcript] = (await readdir(outDir)).filter((name) => name.endsWith(".txt"));
    expect(await readFile(join(outDir, transcript ?? ""), "utf8")).toBe("hello\n");
  });

  // Field report 93
  it("have ids that no other lineage of the session has, whatever the engine calls them", async () => {
    const ids: unknown[] = [];
    for (const lineage of ["a1", "b2"]) {
      const engine = new ScriptedEngine();
      const { recording, of } = openRecording({ outDir: await temporaryFolder(), engine, lineage });
      recording.append(countingFrame(0));
      await vi.waitFor(() => expect(engine.heard).toHaveLength(1));
      engine.stream?.onSegment({ segmentId: "s-1", from: 0, to: 320, text: "hello", final: true });
      await recording.end();
      ids.push(...of<{ segment_id: string }>("asr.final").map(({ segment_id }) => segment_id));
    }
    expect(ids).toEqual(["a1-s-1", "b2-s-1"]);
  });

  // openclaw/openclaw#94081
  it("tells a final only when it is durable, and what follows it only then", async () => {
    const outDir = await temporaryFolder();
    const engine = new ScriptedEngine();
    const transcripts: (readonly [text: string, content: string])[] = [];
    const { recording } = openRecording({
      outDir,
      engine,
      onEvent: (_, data) => {
        if (!("text" in data)) return;
        const names = readdirSync(outDir).filter((file) => /\.(txt|journal)$/.test(file));
        transcripts.push([data.text, names.map((name) => readFileSync(join(outDir, name), "utf8")).join("")]);
      },
    });
    await vi.waitFor(() => expect(engine.stream).toBeDefined());
    for (const segmentId of ["s-1", "s-2"]) {
      const segment = { segmentId, from: 0, to: 320 };
      for (const text of ["a", "ab"]) engine.stream?.onSegment({ ...segment, text: segmentId + text, final: false });
      engine.stream?.onSegment({ ...segment, text: segmentId, final: true });
    }
    await recording.end();
    expect(transcripts.map(([text]) => text)).toEqual(["s-1a", "s-1ab", "s-1", "s-2ab", "s-2"]);
    for (const [text, content] of transcripts) if (/^s-\d$/.test(text)) expect(content).toContain(text);
  });

  it("says that the transcript is behind before it tells a final that is not in it", async () => {
    const outDir = await temporaryFolder();
    const engine = new ScriptedEngine();
    const { recording, told } = openRecording({ outDir, engine });
    await vi.waitFor(() => expect(engine.stream).toBeDefined());
    await rm(outDir, { recursive: true });
    engine.stream?.onSegment({ segmentId: "s-1", text: "lost?", final: true, from: 0, to: 320 });
    await vi.waitFor(() => expect(told.at(-1)).toMatchObject(["asr.final", { text: "lost?" }]));
    expect(told.at(-2)).toMatchObject(["status", { detail: expect.stringContaining("The transcript") }]);
    await mkdir(outDir);
    await recording.end();
    const [name = ""] = (await readdir(outDir)).filter((file) => file.endsWith(".txt"));
    expect(await readFile(join(outDir, name), "utf8")).toBe("lost?\n");
  });

  // alphacep/vosk-server#254
  it("end() waits for the last words, and the recording is finished before they come", async () => {
    const outDir = await temporaryFolder();
    const engine = new ScriptedEngine();
    const lastWords = deferred<void>();
    engine.onEnd = async () => {
      await lastWords.promise;
      engine.stream?.onSegment({ text: "bye", segmentId: "s-1", final: true, from: 0, to: 320 });
    };
    const { recording, of } = openRecording({ outDir, engine });
    recording.append(countingFrame(0));
    let ended = false;
    const end = recording.end().then(() => {
      ended = true;
    });
    await vi.waitFor(async () => expect((await readdir(outDir)).some((name) => name.endsWith(".wav"))).toBe(true));
    expect(ended).toBe(false);
    lastWords.resolve();
    await end;
    expect(of("asr.final")).toHaveLength(1);
    expect(engine.disposals).toBe(1);
  });

  it("end() does not wait for ever for an engine that says nothing", async () => {
    const clock = new ManualClock();
    const engine = new ScriptedEngine();
    engine.onEnd = () => new Promise(() => {});
    const { recording, of } = openRecording({ outDir: await temporaryFolder(), engine, clock });
    recording.append(countingFrame(0));
    await vi.waitFor(() => expect(engine.heard).toHaveLength(1));
    const end = recording.end();
    clock.advance(4_000);
    await end;
    expect(of("status").at(-1)).toMatchObject({ detail: expect.stringContaining("did not end within 4 s") });
    expect([engine.disposals, clock.pending]).toEqual([1, 0]);
  });

  // QuentinFuxa/WhisperLiveKit#129
  it("a stuck engine loses its oldest audio and that is told, while all of it is recorded", async () => {
    const outDir = await temporaryFolder();
    const engine = new ScriptedEngine();
    const stuck = deferred<void>();
    engine.room = stuck.promise;
    const { recording, of } = openRecording({ outDir, engine });
    await vi.waitFor(() => expect(engine.stream).toBeDefined());
    const total = 15 * 50;
    for (const position of positions(total)) recording.append(countingFrame(position));
    await vi.waitFor(() => expect(of("kept").at(-1)).toBe(total * FRAME_SAMPLES));
    let heardBeforeEnd = 0;
    engine.onEnd = async () => {
      heardBeforeEnd = engine.heard.length;
    };
    const end = recording.end();
    engine.room = undefined;
    stuck.resolve();
    await end;
    expect(heardBeforeEnd).toBe(1 + 10 * 50);
    const drops = of<QueueDrop>("queue.drop");
    const heardFrom = (total - 10 * 50) * FRAME_SAMPLES;
    expect(drops.every(({ queue }) => queue === "engine")).toBe(true);
    expect(drops[0]?.from).toBe(FRAME_SAMPLES);
    expect(drops.at(-1)?.to).toBe(heardFrom);
    expect(drops.reduce((sum, { ms }) => sum + ms, 0)).toBe((1_000 * (heardFrom - FRAME_SAMPLES)) / SAMPLE_RATE);
    expect(drops.length).toBeLessThan(6);
    expect(engine.gaps).toEqual([[FRAME_SAMPLES, heardFrom]]);
    expect(engine.heard.slice(0, 2)).toEqual([
      [0, FRAME_SAMPLES],
      [heardFrom, FRAME_SAMPLES],
    ]);
    expect((await recorded(outDir)).byteLength).toBe(2 * total * FRAME_SAMPLES);
  });

  it("an engine that fails is told, and the recording goes on", async () => {
    const outDir = await temporaryFolder();
    const engine = new ScriptedEngine();
    const { recording, of } = openRecording({ outDir, engine });
    recording.append(countingFrame(0));
    await vi.waitFor(() => expect(engine.heard).toHaveLength(1));
    engine.stream?.onError(new Error("It crashed."));
    recording.append(countingFrame(320));
    await recording.end();
    expect(of("status").at(-1)).toEqual({ engine: "scripted", words: false, detail: "It crashed." });
    expect(engine.heard).toHaveLength(1);
    expect((await recorded(outDir)).byteLength).toBe(4 * FRAME_SAMPLES);
  });

  it("an engine that throws when it is opened or written to is told, and the recording goes on", async () => {
    for (const where of ["open", "write"] as const) {
      const outDir = await temporaryFolder();
      const engine = new ScriptedEngine();
      const run = engine.open.bind(engine);
      const boom = () => {
        throw new Error("It broke.");
      };
      engine.open = where === "open" ? boom : (stream) => ({ ...run(stream), write: boom });
      const { recording, of } = openRecording({ outDir, engine });
      recording.append(countingFrame(0));
      await recording.end();
      expect(of("status").at(-1)).toEqual({ engine: "scripted", words: false, detail: "It broke." });
      expect((await recorded(outDir)).byteLength).toBe(2 * FRAME_SAMPLES);
    }
  });

  it("the built-in segmenter finds spoken digits in a stream that comes all at once", async () => {
    const wav = await readFile(new URL("../support/fixtures/digits.wav", import.meta.url));
    const outDir = await temporaryFolder();
    const { recording, of } = openRecording({ outDir, engine: await segmenterEngine(systemClock, testScope()) });
    for (const frame of framesOf(new Uint8Array(wav.subarray(44)))) recording.append(frame);
    await recording.end();
    expect(of("asr.final")).toHaveLength(4);
    const [transcript] = (await readdir(outDir)).filter((name) => name.endsWith(".txt"));
    const lines = (await readFile(join(outDir, transcript ?? ""), "utf8")).trim().split("\n");
    expect(lines).toEqual(of<{ text: string }>("asr.final").map(({ text }) => text));
  });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

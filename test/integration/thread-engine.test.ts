import { readdirSync, readFileSync } from "node:fs";
import { type Clock, type Scope, systemClock } from "loquilex/resources";
import { describe, expect, it, vi } from "vitest";
import type { Engine, EngineStatus, Segment } from "../../examples/server/engines/engine.js";
import { segmenterEngine, threadEngine } from "../../examples/server/engines/thread-engine.js";
import { ManualClock } from "../support/manual-clock.js";
import { framesOf, openRecording, SAMPLE_RATE } from "../support/open-recording.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { testScope } from "../support/test-scope.js";
import { moodyAudio } from "../support/thread-moods.js";
import { PATIENTLY } from "../support/waiting.js";

/** Threads of this process. */
const threads = (): number => readdirSync("/proc/self/task").length;
const digits = () =>
  new Uint8Array(readFileSync(new URL("../support/fixtures/digits.wav", import.meta.url)).subarray(44));

const moodyEngine = (scope: Scope, clock: Clock = systemClock, maxThreads = 1): Promise<Engine> =>
  threadEngine({
    name: "moody",
    module: new URL("../support/threads/moody-thread.ts", import.meta.url),
    detail: "It is only for tests.",
    ...{ clock, scope, maxThreads },
  });

function open(engine: Engine, startPosition = 0) {
  const segments: Segment[] = [];
  const statuses: EngineStatus[] = [];
  const errors: string[] = [];
  const run = engine.open({
    format: { sampleRate: SAMPLE_RATE, channels: 1 },
    startPosition,
    scope: testScope(),
    onStatus: (status) => statuses.push(status),
    onSegment: (segment) => segments.push(segment),
    onError: (error) => errors.push(error.message),
  });
  const texts = () => segments.map(({ text, final }) => (final ? `${text}.` : text));
  const told = (text: string) => vi.waitFor(() => expect(texts()).toContain(text), { timeout: 5_000 });
  return { run, segments, statuses, errors, texts, told };
}

const threadsOf = (scope: Scope): readonly string[] =>
  scope.resources().flatMap(({ resource }) => (resource.startsWith("thread moody") ? resource : []));

describe("the segmenter's threads", () => {
  it("begin with the first sound, serve all streams, and are gone when their owner ends", async () => {
    const scope = testScope();
    const engine = await segmenterEngine(systemClock, scope);
    const runs = Array.from({ length: 20 }, () => open(engine));
    const detail = expect.stringContaining("no words");
    expect(runs[0]?.statuses).toEqual([{ engine: "segmenter", words: false, detail }]);
    const before = threads();
    for (const { payload, position } of framesOf(digits())) {
      await Promise.all(runs.map(({ run }) => run.write(payload, position)));
    }
    expect(threads()).toBeGreaterThan(before);
    // The platform gives each thread helpers of its own at most once.
    const running = scope.resources().filter(({ resource }) => /^thread segmenter \d+$/.test(resource));
    expect(running.length).toBeGreaterThan(0);
    expect(running.length).toBeLessThan(runs.length);
    await Promise.all(runs.map(({ run }) => run.end()));
    for (const { segments, errors } of runs) {
      expect([segments.filter(({ final }) => final).length, errors]).toEqual([4, []]);
    }
    await Promise.all(runs.map(({ run }) => run.dispose()));
    await scope.dispose();
    await vi.waitFor(() => expect(threads()).toBeLessThanOrEqual(before));
    expect(scope.resources()).toEqual([]);
  });

  it("leave the caller's samples as they are", async () => {
    const { run } = open(await segmenterEngine(systemClock, testScope()));
    const samples = new Uint8Array(640).fill(7);
    await run.write(samples, 0);
    await run.end();
    expect(samples).toEqual(new Uint8Array(640).fill(7));
  });

  it("hear of a gap, and say nothing more of a stream that is let go of", async () => {
    const engine = await segmenterEngine(systemClock, testScope());
    const { run, segments } = open(engine);
    const spoken = digits();
    await run.write(spoken.subarray(0, 60_000), 0);
    run.gap(30_000, 1_000_000);
    await run.write(spoken.subarray(0, 60_000), 1_000_000);
    await run.end();
    const finals = segments.filter(({ final }) => final);
    expect(finals.map(({ from }) => from)).toEqual([finals[0]?.from, 1_000_000 + (finals[0]?.from ?? 0)]);
    const other = open(engine);
    void other.run.write(spoken, 0);
    await other.run.dispose();
    expect([other.segments, other.errors]).toEqual([[], []]);
  });
});

describe("a pool of threads", () => {
  // QuentinFuxa/WhisperLiveKit#129
  it("that is slow makes the writer wait, so that no more than four seconds are on its way", async () => {
    const { run } = open(await moodyEngine(testScope()));
    expect(run.write(moodyAudio("slow", 3_200), 0)).toBeUndefined();
    expect(run.write(moodyAudio("slow", 3_200), 3_200)).toBeUndefined();
    const room = run.write(moodyAudio("slow", 4 * SAMPLE_RATE), 6_400);
    expect(room).toBeInstanceOf(Promise);
    await room;
    await run.end();
  });

  it("gives each stream its own audio, in order and in one piece, whatever others do at the same time", async () => {
    const engine = await moodyEngine(testScope());
    const streams = [100, 200, 300].map((start) => ({ start, ...open(engine, start) }));
    for (let count = 0; count < 5; count += 1) {
      for (const { run, start } of streams) run.write(moodyAudio("fine"), start + 320 * count);
    }
    for (const { run, start } of streams) run.gap(start + 1_600, 5_000);
    await Promise.all(streams.map(({ run }) => run.end()));
    for (const { start, texts } of streams) {
      expect(texts()).toEqual([`heard ${start} to ${start + 1_600}`, `gap ${start + 1_600} to 5000`, "end."]);
    }
  });

  it("ends the stream whose recogniser throws, with its reason, and nobody else's", async () => {
    const engine = await moodyEngine(testScope());
    const [weak, strong] = [open(engine), open(engine)];
    strong.run.write(moodyAudio("fine"), 0);
    await weak.run.write(moodyAudio("throws"), 0);
    await weak.run.end();
    await strong.run.end();
    expect(weak.errors).toEqual(["The engine moody failed: It met a sound it could not bear."]);
    expect([strong.errors, strong.statuses.length, strong.texts()]).toEqual([[], 1, ["heard 0 to 320", "end."]]);
  });

  it("ends the stream for which a thread died, and says so to the others, who go on in another thread and lose nothing", async () => {
    const engine = await moodyEngine(testScope());
    const [culprit, first, second] = [open(engine), open(engine), open(engine, 1_000)];
    first.run.write(moodyAudio("fine"), 0);
    second.run.write(moodyAudio("fine"), 1_000);
    await Promise.all([first.told("heard 0 to 320"), second.told("heard 1000 to 1320")]);
    first.run.write(moodyAudio("fine"), 320);
    culprit.run.write(moodyAudio("dies"), 0);
    second.run.write(moodyAudio("fine"), 1_320);
    await Promise.all([first.run.end(), second.run.end(), culprit.run.end()]);
    const reason = "The thread of the engine moody ended: It ended with code 7.";
    expect([culprit.errors, culprit.segments]).toEqual([[reason], []]);
    const detail = `${reason} Another one listens from here on.`;
    for (const { errors, statuses } of [first, second]) {
      expect([errors, statuses.map((status) => status.detail)]).toEqual([[], ["It is only for tests.", detail]]);
    }
    // What was being said when the thread died is final, since the new one knows nothing of it.
    expect(first.texts()).toEqual(["heard 0 to 320", "heard 0 to 320.", "heard 320 to 640", "end."]);
    expect(second.texts()).toEqual(["heard 1000 to 1320", "heard 1000 to 1320.", "heard 1320 to 1640", "end."]);
    expect(first.segments.map(({ segmentId }) => segmentId)).toEqual(["from 0", "from 0", "from 320", "from 320"]);
  });

  it("that hangs is told once, lets whoever waits for it go, and is terminated", async () => {
    const clock = new ManualClock();
    const scope = testScope(clock);
    const engine = await moodyEngine(scope, clock);
    const [culprit, other] = [open(engine), open(engine)];
    const before = threads();
    let released = 0;
    void culprit.run.write(moodyAudio("hangs", 4 * SAMPLE_RATE), 0)?.then(() => (released += 1));
    void culprit.run.end().then(() => (released += 1));
    clock.advance(100);
    other.run.write(moodyAudio("fine"), 0);
    await vi.waitFor(() => expect(threads()).toBeGreaterThan(before));
    await new Promise((resolve) => setTimeout(resolve, 500));
    clock.advance(9_899);
    await Promise.resolve();
    expect([culprit.errors, released]).toEqual([[], 0]);
    clock.advance(101);
    await vi.waitFor(() => expect(released).toBe(2));
    expect(culprit.errors).toEqual(["The thread of the engine moody did not answer for 10 s."]);
    // The other stream's thread gathers its audio, and the old one has a grace to end by itself.
    clock.advance(100);
    await other.told("heard 0 to 320");
    expect(other.errors).toEqual([]);
    clock.advance(1_500);
    await vi.waitFor(() => expect(threadsOf(scope)).toHaveLength(1));
  });

  it("is not taken for hanging when the whole process slept", async () => {
    let sleptMs = 0;
    const inner = new ManualClock();
    const clock: Clock = { now: () => inner.now() + sleptMs, schedule: (ms, callback) => inner.schedule(ms, callback) };
    const scope = testScope(clock);
    const { run, errors } = open(await moodyEngine(scope, clock));
    void run.write(moodyAudio("hangs"), 0);
    inner.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 500));
    sleptMs = 60_000;
    inner.advance(10_000);
    expect(errors).toEqual([]);
    inner.advance(10_000);
    expect(errors).toHaveLength(1);
    inner.advance(1_500);
    await vi.waitFor(() => expect(threadsOf(scope)).toEqual([]), PATIENTLY);
  });

  it("gives a stream up that has been on four dead threads", async () => {
    const engine = await moodyEngine(testScope());
    const patient = open(engine);
    for (let count = 0; count < 4; count += 1) {
      patient.run.write(moodyAudio("fine"), 320 * count);
      await patient.told(`heard ${320 * count} to ${320 * (count + 1)}`);
      expect(patient.errors).toEqual([]);
      open(engine).run.write(moodyAudio("dies"), 0);
      await vi.waitFor(() => expect(patient.statuses.length + patient.errors.length).toBe(count + 2), {
        timeout: 5_000,
      });
    }
    expect(patient.errors).toHaveLength(1);
  });

  it("that does not stop when it is told to is terminated after its grace", async () => {
    const scope = testScope();
    const { run } = open(await moodyEngine(scope));
    void run.write(moodyAudio("hangs"), 0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = performance.now();
    await scope.dispose();
    const tookMs = performance.now() - before;
    expect(tookMs).toBeGreaterThan(1_400);
    expect(tookMs).toBeLessThan(3_000);
  });

  // heygen-com/hyperframes#1038
  it("whose recogniser fails costs the stream its captions, and the recording goes on", async () => {
    const { recording, of } = openRecording({
      outDir: await temporaryFolder(),
      engine: await moodyEngine(testScope()),
    });
    recording.append({ flags: 0, position: 0, sampleCount: 320, payload: new Uint8Array(moodyAudio("throws")) });
    await vi.waitFor(() => expect(of("status")).toHaveLength(2), { timeout: 5_000 });
    for (const frame of framesOf(digits(), 320)) recording.append(frame);
    await recording.end();
    expect(of<EngineStatus>("status").at(-1)).toMatchObject({ engine: "moody", words: false });
    expect(of("kept").at(-1)).toBe(320 + digits().byteLength / 2);
    expect(of("failed")).toEqual([]);
  });
});

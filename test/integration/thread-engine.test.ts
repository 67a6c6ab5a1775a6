import { readdirSync, readFileSync } from "node:fs";
import { type Clock, Scope, systemClock } from "loquilex/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { EngineStatus, Segment } from "../../examples/server/engines/engine.js";
import { segmenterEngine, threadEngine } from "../../examples/server/engines/thread-engine.js";
import { ManualClock } from "../support/manual-clock.js";
import { framesOf, openRecording, SAMPLE_RATE } from "../support/open-recording.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SECOND = new Uint8Array(2 * SAMPLE_RATE);

/** Threads of this process. */
const threads = (): number => readdirSync("/proc/self/task").length;
const digits = () =>
  new Uint8Array(readFileSync(new URL("../support/fixtures/digits.wav", import.meta.url)).subarray(44));
const module = (name: string) => new URL(`../support/threads/${name}-thread.ts`, import.meta.url);

/** A run of an engine, by default of the segmenter. @param name of a thread in test/support/threads. */
async function open(name?: string, clock: Clock = systemClock) {
  const engine = await (name === undefined
    ? segmenterEngine(clock)
    : threadEngine({ name, module: module(name), detail: "It is only for tests.", clock }));
  const scope = new Scope({ name: "test", clock });
  onTestFinished(() => scope.dispose().then(() => {}));
  const segments: Segment[] = [];
  const statuses: EngineStatus[] = [];
  const errors: string[] = [];
  const run = engine.open({
    format: { sampleRate: SAMPLE_RATE, channels: 1 },
    startPosition: 0,
    scope,
    onStatus: (status) => statuses.push(status),
    onSegment: (segment) => segments.push(segment),
    onError: (error) => errors.push(error.message),
  });
  return { run, scope, segments, statuses, errors };
}

describe("the segmenter's thread", () => {
  it("begins with the first sound, finds what was said, and is gone after the end", async () => {
    // Compiling takes threads for a moment.
    await open();
    const before = threads();
    const { run, scope, segments, statuses, errors } = await open();
    expect(statuses).toEqual([{ engine: "segmenter", words: false, detail: expect.stringContaining("no words") }]);
    expect(threads()).toBe(before);
    for (const { payload, position } of framesOf(digits())) await run.write(payload, position);
    expect(scope.resources().map(({ resource }) => resource)).toContainEqual(
      expect.stringMatching(/^thread segmenter \d+$/),
    );
    await run.end();
    expect(segments.filter(({ final }) => final)).toHaveLength(4);
    await run.dispose();
    await vi.waitFor(() => expect(threads()).toBeLessThanOrEqual(before));
    expect([errors, scope.resources()]).toEqual([[], []]);
  });

  it("leaves the caller's samples as they are", async () => {
    const { run } = await open();
    const samples = new Uint8Array(640).fill(7);
    await run.write(samples, 0);
    await run.end();
    expect(samples).toEqual(new Uint8Array(640).fill(7));
  });

  it("hears of a gap, and says nothing more once it is let go of", async () => {
    const { run, segments } = await open();
    const spoken = digits();
    await run.write(spoken.subarray(0, 60_000), 0);
    run.gap(30_000, 1_000_000);
    await run.write(spoken.subarray(0, 60_000), 1_000_000);
    await run.end();
    const finals = segments.filter(({ final }) => final);
    expect(finals.map(({ from }) => from)).toEqual([finals[0]?.from, 1_000_000 + (finals[0]?.from ?? 0)]);
    const other = await open();
    void other.run.write(spoken, 0);
    await other.run.dispose();
    expect([other.segments, other.errors]).toEqual([[], []]);
  });
});

describe("a recogniser's thread", () => {
  // QuentinFuxa/WhisperLiveKit#129
  it("that is slow makes the writer wait, so that no more than a second is on its way", async () => {
    const { run } = await open("slow");
    expect(run.write(SECOND.subarray(0, 6_400), 0)).toBeUndefined();
    expect(run.write(SECOND.subarray(0, 6_400), 3_200)).toBeUndefined();
    const room = run.write(SECOND, 6_400);
    expect(room).toBeInstanceOf(Promise);
    await room;
    await run.end();
  });

  it("that crashes is told once with its reason, and lets whoever waits for it go", async () => {
    const { run, errors } = await open("crashing");
    await run.write(SECOND, 0);
    await run.write(SECOND, 16_000);
    await run.end();
    expect(errors).toEqual(["The thread of the engine crashing ended: It met a sound it could not bear."]);
  });

  it("that hangs is told once, lets whoever waits for it go, and is terminated", async () => {
    const clock = new ManualClock();
    const { run, scope, errors } = await open("hanging", clock);
    const before = threads();
    let released = 0;
    void run.write(SECOND, 0)?.then(() => (released += 1));
    void run.end().then(() => (released += 1));
    await vi.waitFor(() => expect(threads()).toBeGreaterThan(before));
    clock.advance(9_999);
    await Promise.resolve();
    expect([errors, released]).toEqual([[], 0]);
    clock.advance(1);
    await vi.waitFor(() => expect(released).toBe(2));
    expect(errors).toEqual(["The thread of the engine hanging did not answer for 10 s."]);
    // The grace that it had to end by itself.
    clock.advance(1_499);
    expect(threads()).toBeGreaterThan(before);
    clock.advance(1);
    await run.dispose();
    await vi.waitFor(() => expect(threads()).toBeLessThanOrEqual(before));
    expect([scope.resources(), clock.pending]).toEqual([[], 0]);
  });

  it("is not taken for hanging when the whole process slept", async () => {
    let sleptMs = 0;
    const inner = new ManualClock();
    const clock: Clock = { now: () => inner.now() + sleptMs, schedule: (ms, callback) => inner.schedule(ms, callback) };
    const { run, errors } = await open("hanging", clock);
    void run.write(SECOND, 0);
    sleptMs = 60_000;
    inner.advance(10_000);
    expect(errors).toEqual([]);
    inner.advance(10_000);
    expect(errors).toHaveLength(1);
    inner.advance(1_500);
    await run.dispose();
  });

  it("that does not stop when it is told to is terminated after its grace", async () => {
    const { run } = await open("hanging");
    void run.write(SECOND, 0);
    const before = performance.now();
    await run.dispose();
    const tookMs = performance.now() - before;
    expect(tookMs).toBeGreaterThan(1_400);
    expect(tookMs).toBeLessThan(3_000);
  });

  // heygen-com/hyperframes#1038
  it("that crashes costs the stream its captions, and the recording goes on", async () => {
    const engine = await threadEngine({ name: "weak", module: module("crashing"), detail: "", clock: systemClock });
    const { recording, of } = openRecording({ outDir: await temporaryFolder(), engine });
    for (const frame of framesOf(digits())) recording.append(frame);
    await vi.waitFor(() => expect(of("status")).toHaveLength(2), { timeout: 5_000 });
    await recording.end();
    expect(of<EngineStatus>("status").at(-1)).toMatchObject({ engine: "weak", words: false });
    expect(of("kept").at(-1)).toBe(digits().byteLength / 2);
    expect(of("failed")).toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CAPTURE_MODULE } from "../../src/capture/graph/processor/capture-module.js";
import { loadCaptureWorklet } from "../../src/capture/graph/processor/worklet-loader.js";
import type { RunningCode } from "../../src/host/running/running-code-loader.js";
import { runningCode } from "../../src/host/running/running-code-loader.js";
import { type Deferred, deferred } from "../../src/internal/deferred.js";
import { Scope } from "../../src/internal/scope.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { webSocket } from "../../src/transport/websocket.js";
import { FakeSource, FRAME } from "../support/fake-source.js";
import { FakeTransport } from "../support/fake-transport.js";
import { FakeWorker, installFakeWorkers } from "../support/fake-worker.js";
import { observedStream, passTime, rejectionOf, settle, watchStreams } from "../support/observed-stream.js";

const watch = watchStreams();

/** What the page loads, which is there when the test says so. */
let coming: Deferred<RunningCode>;
let load: ReturnType<typeof vi.spyOn>;
let code: RunningCode;

beforeEach(async () => {
  code = await runningCode.load();
  coming = deferred<RunningCode>();
  load = vi.spyOn(runningCode, "load").mockReturnValue(coming.promise);
  vi.spyOn(runningCode, "loaded", "get").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const observed = (options?: AudioStreamOptions) => watch(observedStream(options));

describe("a stream on the page whose code is still being loaded", () => {
  it("asks for the code inside start(), keeps what is captured meanwhile, and loses nothing of it", async () => {
    const { stream, source, transport, heard } = observed();
    const started = stream.start();
    expect(load).toHaveBeenCalledOnce();
    await settle();
    source.speak(3);
    await passTime(5_000);
    expect(transport.connections).toEqual([]);
    coming.resolve(code);
    await settle();
    source.speak(2);
    await settle();
    await started;
    expect(transport.last.audio.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4].map((n) => n * FRAME));
    expect(heard).not.toContain("drop");
    expect(await stream.getStats()).toMatchObject({ host: "page", framesCaptured: 5 });
  });

  it("lets the device go inside abort(), counts what it kept as lost, and takes no notice of code that comes later", async () => {
    const { stream, source, transport } = observed();
    const drops: number[][] = [];
    stream.addEventListener("drop", ({ from, to }) => drops.push([from, to]));
    stream.start().catch(() => {});
    await settle();
    source.speak(3);
    const asked = stream.getStats();
    stream.abort();
    expect(source.live).toBe(false);
    await stream.closed;
    expect(drops).toEqual([[0, 3 * FRAME]]);
    expect(await asked).toMatchObject({ framesCaptured: 3, droppedDurationMs: 60 });
    coming.resolve(code);
    await settle();
    expect(transport.connections).toEqual([]);
    expect(await stream.getStats()).toMatchObject({ framesCaptured: 3, droppedDurationMs: 60 });
  });

  it("counts nothing of what came before the start and is not kept for it", async () => {
    const { stream, source } = observed({ preRollMs: 40 });
    const drops: number[][] = [];
    stream.addEventListener("drop", ({ from, to }) => drops.push([from, to]));
    stream.warmUp().catch(() => {});
    await settle();
    source.speak(5);
    stream.start().catch(() => {});
    await settle();
    source.speak(1);
    stream.abort();
    await stream.closed;
    expect(drops).toEqual([[0, 3 * FRAME]]);
  });

  it("fails with a sentence if it has not come after 15 seconds", async () => {
    const { stream } = observed();
    const failed = rejectionOf(stream.start());
    await passTime(14_000);
    expect(stream.state).toBe("starting");
    await passTime(2_000);
    expect(await failed).toMatchObject({
      code: "code-load-failed",
      message: expect.stringContaining("It did not come within 15 seconds. Check the network"),
    });
  });

  it("fails with what the browser says if it cannot be loaded", async () => {
    const { stream } = observed();
    const failed = rejectionOf(stream.start());
    coming.reject(new TypeError("Failed to fetch dynamically imported module: /assets/running-side.js"));
    expect(await failed).toMatchObject({
      code: "code-load-failed",
      message: expect.stringContaining("could not be loaded: Failed to fetch dynamically"),
    });
    expect(await stream.closed).toMatchObject({ outcome: "failed" });
  });
});

describe("a worker", () => {
  let transport: FakeTransport;

  beforeEach(() => {
    transport = new FakeTransport();
    installFakeWorkers(transport);
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:test");
  });

  function inWorker(options: AudioStreamOptions = {}) {
    const source = new FakeSource();
    const stream = new AudioStream({ source, transport: webSocket("wss://example.test/audio") }, options);
    return { stream, source };
  }

  const withText = (): RunningCode => ({ ...code, workerSource: () => "text" });

  it("with an address that works needs no other code", async () => {
    const { stream, source } = inWorker({ workerUrl: "https://example.test/loquilex.worker.js" });
    const started = stream.start();
    await settle();
    source.speak();
    await settle();
    await started;
    expect((await stream.getStats()).host).toBe("worker");
    stream.abort();
    await passTime(300);
    await stream.closed;
    expect(load).not.toHaveBeenCalled();
  });

  it("without an address is made of the code once that is loaded, and gets what was captured meanwhile", async () => {
    const { stream, source } = inWorker();
    const started = stream.start();
    await settle();
    source.speak(2);
    expect(FakeWorker.live).toEqual([]);
    coming.resolve(withText());
    await settle();
    source.speak();
    await settle();
    await started;
    expect(FakeWorker.last.url).toBe("blob:test");
    expect(transport.last.audio.map(({ position }) => position)).toEqual([0, FRAME, 2 * FRAME]);
    stream.abort();
    await passTime(300);
    await stream.closed;
  });

  it("is not made any more if the stream ends while its code is being loaded", async () => {
    const { stream, source } = inWorker();
    const drops: number[][] = [];
    stream.addEventListener("drop", ({ from, to }) => drops.push([from, to]));
    stream.start().catch(() => {});
    await settle();
    source.speak(2);
    stream.abort();
    await stream.closed;
    expect(drops).toEqual([[0, 2 * FRAME]]);
    expect(stream.resources()).toEqual([]);
    const made = FakeWorker.made.length;
    coming.resolve(withText());
    await settle();
    expect(FakeWorker.made).toHaveLength(made);
  });

  it.each([
    ["auto", "code-load-failed"],
    ["worker", "worker-failed"],
  ] as const)("whose address and code both fail ends a stream with host %s with %s", async (host, expected) => {
    FakeWorker.starts = ["error"];
    const { stream, source } = inWorker({ host, workerUrl: "https://example.test/loquilex.worker.js" });
    const drops: number[][] = [];
    stream.addEventListener("drop", ({ from, to }) => drops.push([from, to]));
    const failed = rejectionOf(stream.start());
    await settle();
    source.speak(2);
    coming.reject(new TypeError("It is not there."));
    expect(await failed).toMatchObject({ code: expected, message: expect.stringContaining("It is not there.") });
    await stream.closed;
    expect(drops).toEqual([[0, 2 * FRAME]]);
    expect(await stream.getStats()).toMatchObject({ framesCaptured: 2, droppedDurationMs: 40 });
    FakeWorker.starts = ["run"];
  });
});

describe("the audio-thread code inside the package", () => {
  it("says that it could not be loaded, and is asked for again by the next call", async () => {
    const scope = new Scope({ name: "test" });
    const context = { audioWorklet: { addModule: async () => {} } } as unknown as BaseAudioContext;
    const inside = vi.spyOn(CAPTURE_MODULE.code, "load").mockRejectedValueOnce(new TypeError("Failed to fetch"));
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:test");
    expect(await rejectionOf(loadCaptureWorklet(scope, context, undefined, CAPTURE_MODULE))).toMatchObject({
      code: "worklet-load-failed",
      message: expect.stringContaining("inside the package could not be loaded: Failed to fetch. Check the network"),
    });
    inside.mockResolvedValueOnce({ default: "code" });
    await loadCaptureWorklet(scope, context, undefined, CAPTURE_MODULE);
    await scope.dispose();
  });

  it("is not loaded if the module comes from its address", async () => {
    const scope = new Scope({ name: "test" });
    const inside = vi.spyOn(CAPTURE_MODULE.code, "load");
    const context = { audioWorklet: { addModule: async () => {} } } as unknown as BaseAudioContext;
    await loadCaptureWorklet(scope, context, "/capture.worklet.js", CAPTURE_MODULE);
    expect(inside).not.toHaveBeenCalled();
    await scope.dispose();
  });
});

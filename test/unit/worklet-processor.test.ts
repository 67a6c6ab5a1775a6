import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PROCESSOR_NAME, type ProcessorCommand, type ProcessorMessage } from "../../src/worklet/port-messages.js";
import type { Processor, ProcessorOptions } from "../../src/worklet/worklet-scope.js";

type ProcessorClass = new (options: ProcessorOptions) => Processor & { readonly port: FakePort };

class FakePort {
  onmessage: ((event: { data: ProcessorCommand }) => void) | null = null;
  readonly sent: ProcessorMessage[] = [];
  closed = false;

  postMessage(message: ProcessorMessage): void {
    expect(this.closed).toBe(false);
    this.sent.push(message);
  }

  close(): void {
    this.closed = true;
  }
}

const registered = new Map<string, ProcessorClass>();
const settings = {
  encoding: "pcm_s16le",
  channels: "mix",
  sampleRate: 16_000,
  frameDurationMs: 20,
  position: 0,
} as const;

beforeEach(() => {
  registered.clear();
  vi.stubGlobal("sampleRate", 48_000);
  vi.stubGlobal("currentFrame", 0);
  vi.stubGlobal(
    "AudioWorkletProcessor",
    class {
      readonly port = new FakePort();
    },
  );
  vi.stubGlobal("registerProcessor", (name: string, processor: ProcessorClass) => {
    if (registered.has(name)) throw new DOMException(`${name} is already registered`, "NotSupportedError");
    registered.set(name, processor);
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

async function loadModule(): Promise<void> {
  vi.resetModules();
  await import("../../src/worklet/capture.worklet.js");
}

async function makeProcessor() {
  await loadModule();
  const Registered = registered.get(PROCESSOR_NAME);
  if (Registered === undefined) throw new Error("Nothing was registered.");
  return new Registered({ processorOptions: settings });
}

describe("the worklet module", () => {
  // vitejs/vite#9606: a second load in the same context must not fail.
  it("can be loaded twice in one context", async () => {
    await loadModule();
    await expect(loadModule()).resolves.toBeUndefined();
    expect(registered.size).toBe(1);
  });

  it("does not hide any other failure of the registration", async () => {
    vi.stubGlobal("registerProcessor", () => {
      throw new TypeError("no");
    });
    await expect(loadModule()).rejects.toThrow(TypeError);
  });
});

describe("the processor", () => {
  it("posts frames of what the engine renders", async () => {
    const processor = await makeProcessor();
    for (let quantum = 0; quantum < 30; quantum += 1) {
      vi.stubGlobal("currentFrame", quantum * 128);
      expect(processor.process([[new Float32Array(128).fill(0.5)]])).toBe(true);
    }
    expect(processor.port.sent).toMatchObject([
      { type: "frame", position: 0, sampleCount: 320 },
      { type: "frame", position: 320, sampleCount: 320 },
      { type: "frame", position: 640, sampleCount: 320 },
    ]);
  });

  it("lives on without any input", async () => {
    const processor = await makeProcessor();
    expect(processor.process([])).toBe(true);
    expect(processor.process([[]])).toBe(true);
  });

  // WebAudio/web-audio-api#2658: a processor that lives on after its stream leaks audio-thread time.
  it("closes its port after the last confirmation and ends", async () => {
    const processor = await makeProcessor();
    processor.process([[new Float32Array(128).fill(0.5)]]);
    processor.port.onmessage?.({ data: { type: "stop", id: 3 } });
    expect(processor.port.sent.map(({ type }) => type)).toEqual(["frame", "done"]);
    expect(processor.port.closed).toBe(true);
    expect(processor.process([[new Float32Array(128)]])).toBe(false);
  });

  it("keeps its port open for every other command", async () => {
    const processor = await makeProcessor();
    for (const type of ["flush", "pause", "resume"] as const) processor.port.onmessage?.({ data: { type, id: 1 } });
    expect(processor.port.closed).toBe(false);
  });
});

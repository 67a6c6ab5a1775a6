import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ImportedPlayback } from "../../src/host/imported-playback.js";
import { Scope } from "../../src/internal/scope.js";
import { type HalfDuplexOptions, type Playback, playback } from "../../src/playback/index.js";
import type { PlayerClock, PlayerReport, PlayerSettings, ToPage } from "../../src/playback/port-messages.js";

/** A context whose clock the test sets. */
class Context extends EventTarget {
  static last: Context;
  readonly audioWorklet = { addModule: async (): Promise<void> => {} };
  readonly destination = {};
  state: AudioContextState = "suspended";
  currentTime = 0;
  baseLatency: number | undefined;
  outputLatency: number | undefined;

  constructor() {
    super();
    Context.last = this;
  }

  go(state: AudioContextState): void {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }

  async resume(): Promise<void> {}
  async close(): Promise<void> {}
}

class PlayerNode extends EventTarget {
  static last: PlayerNode | undefined;
  readonly port = Object.assign(new EventTarget(), { start() {}, close() {}, postMessage() {} });
  readonly settings: PlayerSettings;

  constructor(_context: unknown, _name: string, options: { processorOptions: PlayerSettings }) {
    super();
    this.settings = options.processorOptions;
    PlayerNode.last = this;
  }

  report(): void {
    const data: PlayerReport = { type: "position", heard: 1, bufferedSamples: 0, activity: "playing", underruns: 0 };
    this.port.dispatchEvent(new MessageEvent("message", { data }));
  }

  connect(): void {}
  disconnect(): void {}
}

let scope: Scope;
let voice: Playback;
/** The running side's end of what the page says. */
let far: MessagePort;
let clocks: PlayerClock[];
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

function connect(): void {
  far = (voice as Playback & ImportedPlayback).attach(scope);
  const port = far;
  scope.defer("far port", () => port.close());
  scope.listen(port, "message", ({ data }: MessageEvent) => {
    if (data.type === "clock") clocks.push(data.clock);
    else data.port.close();
  });
  port.start();
  tell({ type: "format", format: { sampleRate: 24_000, channels: 1 } });
}

const tell = (message: ToPage): void => far.postMessage(message);

async function play(halfDuplex: boolean | HalfDuplexOptions | undefined): Promise<void> {
  PlayerNode.last = undefined;
  voice = playback({ workletUrl: "/player.js", halfDuplex });
  connect();
  await vi.waitFor(() => expect(PlayerNode.last).toBeDefined());
}

beforeEach(() => {
  scope = new Scope({ name: "test" });
  clocks = [];
  vi.stubGlobal("AudioContext", Context);
  vi.stubGlobal("AudioWorkletNode", PlayerNode);
});

afterEach(async () => {
  await scope.dispose();
  vi.unstubAllGlobals();
});

describe("the option halfDuplex", () => {
  it.each<[given: unknown, words: string]>([
    [3, "halfDuplex must be an object, true or false, and is 3."],
    [null, "halfDuplex must be an object, true or false, and is null."],
    [{ holdMs: 99 }, "halfDuplex.holdMs must be from 100 to 5000, and is 99."],
    [{ holdMs: "1" }, "halfDuplex.holdMs must be a number, and is 1."],
    [{ thresholdDb: 0 }, "halfDuplex.thresholdDb must be from -90 to -10, and is 0."],
  ])("refuses %j at once", (given, words) => {
    expect(() => playback({ halfDuplex: given as boolean })).toThrow(words);
  });

  it("has the player watch for what is louder than its threshold, and nothing if it is off", async () => {
    await play(true);
    expect(PlayerNode.last?.settings.loudFrom).toBeCloseTo(0.003162, 6);
    await scope.dispose();
    scope = new Scope({ name: "test" });
    await play(false);
    Context.last.go("running");
    await settled();
    expect(PlayerNode.last?.settings.loudFrom).toBeUndefined();
    expect(clocks).toEqual([]);
  });
});

describe("the player's clock", () => {
  it("is told when the context runs, and again with each report, with the loudspeaker's latency in the hold", async () => {
    await play({ holdMs: 200 });
    expect(clocks).toEqual([]);
    Context.last.currentTime = 1;
    Context.last.go("running");
    await settled();
    expect(clocks).toEqual([{ zeroMs: expect.any(Number), holdMs: 200 }]);
    const { zeroMs = 0 } = clocks[0] ?? {};
    expect(zeroMs + 1_000).toBeLessThanOrEqual(performance.now());
    expect(zeroMs + 1_000).toBeGreaterThan(performance.now() - 1_000);
    Context.last.baseLatency = 0.01;
    Context.last.outputLatency = 0.15;
    PlayerNode.last?.report();
    await settled();
    expect(clocks[1]?.holdMs).toBeCloseTo(360);
  });

  it.each([Number.NaN, -3, 1e9])("believes no latency of %d s", async (latency) => {
    await play(true);
    Context.last.outputLatency = latency;
    Context.last.go("running");
    await settled();
    expect(clocks[0]?.holdMs).toBe(latency > 0 ? 1_300 : 300);
  });

  it("is not told while it stands still", async () => {
    await play(true);
    Context.last.go("running");
    Context.last.go("suspended");
    PlayerNode.last?.report();
    await settled();
    expect(clocks).toHaveLength(1);
  });

  it("is told to a running side that takes the place of another one", async () => {
    await play(true);
    Context.last.go("running");
    await settled();
    connect();
    await settled();
    expect(clocks).toHaveLength(2);
  });
});

describe("a microphone that is silenced", () => {
  it("is told with its position, once for each change, whichever running side says so", async () => {
    await play(true);
    const told: unknown[] = [];
    voice.addEventListener("halfduplexchange", ({ microphoneSilenced, position }) =>
      told.push([microphoneSilenced, position]),
    );
    tell({ type: "half-duplex", isSilenced: false, position: 0 });
    tell({ type: "half-duplex", isSilenced: true, position: 320 });
    await settled();
    expect(voice.microphoneSilenced).toBe(true);
    const before = far;
    connect();
    before.postMessage({ type: "half-duplex", isSilenced: false, position: 480 });
    tell({ type: "half-duplex", isSilenced: true, position: 640 });
    tell({ type: "half-duplex", isSilenced: false, position: 960 });
    await settled();
    expect(voice.microphoneSilenced).toBe(false);
    expect(told).toEqual([
      [true, 320],
      [false, 960],
    ]);
  });

  it("is not any more when the stream has ended", async () => {
    await play(true);
    tell({ type: "half-duplex", isSilenced: true, position: 320 });
    await settled();
    await scope.dispose();
    expect(voice.microphoneSilenced).toBe(false);
  });
});

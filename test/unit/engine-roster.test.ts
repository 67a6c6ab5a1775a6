import { Scope } from "loquilex/resources";
import { describe, expect, it } from "vitest";
import type { Engine, EngineOpenOptions, EngineStatus, Segment } from "../../examples/server/engines/engine.js";
import { EngineRefusal } from "../../examples/server/engines/engine.js";
import { EngineRoster } from "../../examples/server/engines/engine-roster.js";

/** An engine that does nothing but count, and that a test makes fail. */
class FakeEngine implements Engine {
  readonly name: string;
  readonly opened: EngineOpenOptions[] = [];
  readonly written: number[] = [];
  disposals = 0;
  refusal: Error | undefined;

  constructor(name: string) {
    this.name = name;
  }

  open(options: EngineOpenOptions) {
    if (this.refusal !== undefined) throw this.refusal;
    this.opened.push(options);
    options.onStatus({ engine: this.name, words: this.name === "clever", detail: "" });
    return {
      write: (_samples: Uint8Array, position: number) => {
        this.written.push(position);
        return undefined;
      },
      gap: () => {},
      end: async () => {},
      dispose: async () => {
        this.disposals += 1;
      },
    };
  }
}

function setUp(maxRuns = 2) {
  const clever = new FakeEngine("clever");
  const plain = new FakeEngine("plain");
  const roster = new EngineRoster({ preferred: clever, fallback: plain, maxRuns });
  const statuses: EngineStatus[] = [];
  const segments: Segment[] = [];
  const open = () =>
    roster.open({
      format: { sampleRate: 16_000, channels: 1 },
      startPosition: 0,
      scope: new Scope({ name: "test" }),
      onStatus: (status) => statuses.push(status),
      onSegment: (segment) => segments.push(segment),
      onError: (error) => expect.unreachable(error.message),
    });
  return { clever, plain, roster, statuses, open };
}

describe("EngineRoster", () => {
  it("gives the engine that was asked for while there is room, then the fallback, and says so", async () => {
    const { clever, plain, statuses, open, roster } = setUp();
    const [first] = [open(), open(), open()];
    expect([clever.opened.length, plain.opened.length]).toEqual([2, 1]);
    expect(statuses.map(({ engine }) => engine)).toEqual(["clever", "clever", "plain"]);
    expect(statuses[2]).toEqual({
      engine: "plain",
      words: false,
      detail: "All 2 places of the engine clever are taken, so plain listens instead.",
    });
    await first?.dispose();
    await first?.dispose();
    expect(roster.runs).toBe(1);
    open();
    open();
    expect([clever.opened.length, plain.opened.length]).toEqual([3, 2]);
  });

  it("gives the fallback a stream that the engine refuses, and takes no place for it", () => {
    const { clever, statuses, open, roster } = setUp();
    clever.refusal = new EngineRefusal("It takes 16000 Hz only.");
    open();
    expect(statuses).toEqual([
      { engine: "plain", words: false, detail: "It takes 16000 Hz only. plain listens instead." },
    ]);
    expect(roster.runs).toBe(0);
  });

  // heygen-com/hyperframes#1038
  it("goes on with the fallback from where an engine died, and gives its place back", async () => {
    const { clever, plain, statuses, open, roster } = setUp(1);
    const run = open();
    run.write(new Uint8Array(640), 0);
    clever.opened[0]?.onError(new Error("It crashed."));
    run.write(new Uint8Array(640), 320);
    await run.end();
    await run.dispose();
    expect(clever.written).toEqual([0]);
    expect(plain.written).toEqual([320]);
    expect(plain.opened[0]?.startPosition).toBe(320);
    expect(statuses.at(-1)).toEqual({
      engine: "plain",
      words: false,
      detail: "It crashed. plain listens from here on.",
    });
    expect([roster.runs, clever.disposals, plain.disposals]).toEqual([0, 1, 1]);
  });

  it("is the fallback itself where that is what was asked for", () => {
    const plain = new FakeEngine("plain");
    const roster = new EngineRoster({ preferred: plain, fallback: plain, maxRuns: 0 });
    const statuses: EngineStatus[] = [];
    const ignore = () => {};
    const format = { sampleRate: 16_000, channels: 1 };
    roster.open({
      format,
      startPosition: 0,
      scope: new Scope({ name: "test" }),
      onStatus: (status) => statuses.push(status),
      onSegment: ignore,
      onError: ignore,
    });
    expect(statuses).toEqual([{ engine: "plain", words: false, detail: "" }]);
  });
});

import { describe, expect, it, vi } from "vitest";
import type { Engine, EngineOpenOptions, EngineStatus } from "../../examples/server/engines/engine.js";
import { EngineRefusal } from "../../examples/server/engines/engine.js";
import { EngineRoster } from "../../examples/server/engines/engine-roster.js";
import { createLog } from "../../examples/server/logging/log.js";
import { ManualClock } from "../support/manual-clock.js";
import { testScope } from "../support/test-scope.js";

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

const FORMAT = { sampleRate: 16_000, channels: 1 };

function setUp(maxRuns = 2) {
  const clock = new ManualClock();
  const clever = new FakeEngine("clever");
  const plain = new FakeEngine("plain");
  const logger = createLog({ logLevel: "silent" });
  const roster = new EngineRoster({ preferred: clever, fallback: plain, maxRuns, clock, logger });
  const open = (owner = "") => {
    const statuses: EngineStatus[] = [];
    const run = roster.forOwner(owner).open({
      format: FORMAT,
      startPosition: 0,
      scope: testScope(),
      onStatus: (status) => statuses.push(status),
      onSegment: () => {},
      onError: (error) => expect.unreachable(error.message),
    });
    let position = 0;
    const speak = () => {
      run.write(new Uint8Array(640), position);
      position += 320;
    };
    return { run, statuses, speak, place: () => statuses.at(-1)?.place, engine: () => statuses.at(-1)?.engine };
  };
  /** Opens a stream that speaks at once. */
  const speaking = (owner?: string) => {
    const stream = open(owner);
    stream.speak();
    return stream;
  };
  return { clock, clever, plain, roster, open, speaking };
}

describe("EngineRoster", () => {
  it("gives the engine that was asked for while there is room, then the fallback, and says so", async () => {
    const { clever, plain, speaking, roster } = setUp();
    const [first, second, third] = [speaking(), speaking(), speaking()];
    expect([first.engine(), second.engine()]).toEqual(["clever", "clever"]);
    expect([clever.opened.length, plain.opened.length]).toEqual([2, 1]);
    expect(third.statuses).toEqual([
      {
        ...{ engine: "plain", words: false, place: 1 },
        detail:
          "All 2 places of the engine clever are taken, so plain listens to this stream until it has one; it is number 1 in the queue.",
      },
    ]);
    await first.run.dispose();
    await first.run.dispose();
    expect(roster.runs).toBe(2);
    expect(third.statuses.at(-1)).toEqual({ engine: "clever", words: true, detail: "" });
    expect(clever.opened[2]?.startPosition).toBe(320);
    await vi.waitFor(() => expect(plain.disposals).toBe(1));
    await third.run.dispose();
    expect(roster.runs).toBe(1);
  });

  // Field report 103: streams that never had sound held all places.
  it("takes a place at the first sound, and not before", async () => {
    const { open, roster, speaking } = setUp(1);
    const silent = [open(), open(), open()];
    expect([roster.runs, silent.flatMap(({ statuses }) => statuses)]).toEqual([0, []]);
    expect(speaking().engine()).toBe("clever");
    await Promise.all(silent.map(({ run }) => run.end().then(() => run.dispose())));
    expect(roster.runs).toBe(1);
  });

  it("gives the place of a stream without sound to one that speaks, and another one when it speaks again", async () => {
    const { clock, clever, speaking, roster } = setUp(1);
    const idle = speaking();
    clock.advance(9_000);
    const speaker = speaking();
    expect(speaker.engine()).toBe("plain");
    clock.advance(1_500);
    speaker.speak();
    await vi.waitFor(() => expect(speaker.engine()).toBe("clever"));
    expect([clever.disposals, roster.runs]).toEqual([1, 1]);
    idle.speak();
    expect([idle.engine(), idle.place()]).toEqual(["plain", 1]);
    clock.advance(500);
    await speaker.run.dispose();
    expect([idle.engine(), clever.opened.at(-1)?.startPosition]).toEqual(["clever", 640]);
  });

  it("lets nobody be overtaken by another stream of somebody who has a place already", async () => {
    const { clock, speaking } = setUp(2);
    const anna = [speaking("anna"), speaking("anna"), speaking("anna"), speaking("anna")];
    const bert = [speaking("bert"), speaking("bert")];
    clock.advance(1_000);
    for (const { speak } of [...anna, ...bert]) speak();
    expect([...anna, ...bert].map(({ place }) => place())).toEqual([undefined, undefined, 3, 4, 1, 2]);
    await anna[0]?.run.dispose();
    expect(bert[0]?.engine()).toBe("clever");
    await bert[0]?.run.dispose();
    expect(bert[1]?.engine()).toBe("clever");
    await anna[1]?.run.dispose();
    expect(anna[2]?.engine()).toBe("clever");
  });

  it("tells a stream when it comes closer, and passes over those that wait in silence", async () => {
    const { clock, speaking } = setUp(1);
    const [holder, silent, patient] = [speaking(), speaking(), speaking()];
    expect([silent.place(), patient.place()]).toEqual([1, 2]);
    for (let second = 0; second < 12; second += 1) {
      clock.advance(1_000);
      for (const { speak } of [holder, patient]) speak();
    }
    expect(patient.statuses).toHaveLength(1);
    await holder.run.dispose();
    expect(patient.engine()).toBe("clever");
    await patient.run.dispose();
    silent.speak();
    expect(silent.engine()).toBe("clever");
  });

  it("gives the fallback a stream that the engine refuses, and takes no place for it", () => {
    const { clever, speaking, roster } = setUp();
    clever.refusal = new EngineRefusal("It takes 16000 Hz only.");
    const stream = speaking();
    expect(stream.statuses).toEqual([
      { engine: "plain", words: false, detail: "It takes 16000 Hz only. plain listens instead." },
    ]);
    clever.refusal = new Error("/srv/secret is missing");
    expect(speaking().statuses.at(-1)?.detail).toBe("The engine clever did not start. plain listens instead.");
    expect(roster.runs).toBe(0);
  });

  // heygen-com/hyperframes#1038
  it("goes on with the fallback from where an engine died, and gives its place back", async () => {
    const { clever, plain, speaking, roster } = setUp(1);
    const { run, speak, statuses } = speaking();
    clever.opened[0]?.onError(new Error("It crashed."));
    speak();
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
    expect([roster.runs, roster.failures, clever.disposals, plain.disposals]).toEqual([0, 1, 1, 1]);
  });

  it("never waits for an engine that may have no runs at all", () => {
    const { speaking } = setUp(0);
    expect(speaking().statuses).toEqual([
      {
        ...{ engine: "plain", words: false },
        detail: "All 0 places of the engine clever are taken, so plain listens to this stream instead.",
      },
    ]);
  });

  it("is the fallback itself if that is what was asked for", () => {
    const plain = new FakeEngine("plain");
    const logger = createLog({ logLevel: "silent" });
    const roster = new EngineRoster({
      preferred: plain,
      fallback: plain,
      maxRuns: 0,
      clock: new ManualClock(),
      logger,
    });
    const statuses: EngineStatus[] = [];
    const ignore = () => {};
    roster.open({
      format: FORMAT,
      startPosition: 0,
      scope: testScope(),
      onStatus: (status) => statuses.push(status),
      onSegment: ignore,
      onError: ignore,
    });
    expect(statuses).toEqual([{ engine: "plain", words: false, detail: "" }]);
  });
});

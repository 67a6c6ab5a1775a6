import { describe, expect, it } from "vitest";
import type { SessionOutput } from "../../src/session/session-io.js";
import { FRAME, SessionRig } from "../support/session-rig.js";

const PHASES: Readonly<Record<string, { readonly connection: number | undefined; bring(rig: SessionRig): void }>> = {
  "before the start": { connection: undefined, bring: (rig) => rig.frames(3) },
  "while it connects": { connection: 1, bring: (rig) => rig.start() },
  "while it waits for the answer to its hello": {
    connection: 1,
    bring: (rig) => {
      rig.start();
      rig.open();
    },
  },
  "between welcome and answer": {
    connection: 1,
    bring: (rig) => {
      rig.start();
      rig.open();
      rig.welcome();
    },
  },
  "while it runs": { connection: 1, bring: (rig) => rig.connect() },
  "with a full socket": {
    connection: 1,
    bring: (rig) => {
      rig.connect();
      rig.bufferedBytes = 1_000_000;
      rig.frames(10);
    },
  },
  "with messages to acknowledge": {
    connection: 1,
    bring: (rig) => {
      rig.connect();
      rig.caption(1);
    },
  },
  "during the backoff": {
    connection: undefined,
    bring: (rig) => {
      rig.connect();
      rig.lose();
    },
  },
  "while it resumes": {
    connection: 2,
    bring: (rig) => {
      rig.connect();
      rig.frames(10);
      rig.reconnect();
      rig.welcome();
    },
  },
  "while it replays": {
    connection: 2,
    bring: (rig) => {
      rig.connect();
      rig.frames(200);
      rig.reconnect();
      rig.pace = 1;
      rig.takeUp(0);
    },
  },
  "while the page is put away": {
    connection: undefined,
    bring: (rig) => {
      rig.connect();
      rig.do({ type: "suspend" });
    },
  },
  "while it ends": {
    connection: 1,
    bring: (rig) => {
      rig.connect();
      rig.frames(3);
      rig.do({ type: "end", timeoutMs: 5_000 });
    },
  },
  "with losses to report": {
    connection: 1,
    bring: (rig) => {
      rig.start();
      rig.frames(60);
    },
  },
};

const isDrop = (output: SessionOutput) => output.type === "event" && output.event.type === "drop";

describe.each(Object.entries(PHASES))("an abort %s", (_, { connection, bring }) => {
  const aborted = () => {
    const rig = new SessionRig({ replay: { maxDurationMs: 1_000 } });
    bring(rig);
    rig.frames(1);
    return { rig, outputs: rig.do({ type: "abort" }) };
  };

  it("leaves the connection, if there is one, says what it discards, and does nothing else", () => {
    const expected =
      connection === undefined ? [] : [{ type: "disconnect", connection, code: 1000, reason: "aborted" }];
    expect(aborted().outputs.filter((output) => !isDrop(output))).toEqual(expected);
  });

  // Own trial, field report 89
  it("tells every sample that no server has acknowledged in exactly one drop", () => {
    const { rig } = aborted();
    let told = 0;
    for (const { from, to } of rig.lost()) {
      expect(from).toBe(told);
      told = to;
    }
    expect(told).toBe(rig.captured);
    expect(rig.session.stats).toMatchObject({ samplesDropped: rig.captured, capturedPosition: rig.captured });
  });

  it("is followed by no output whatever happens, and by no wake-up", () => {
    const { rig } = aborted();
    const total = rig.outputs.length;
    expect(rig.session).toMatchObject({ done: true, wakeAt: undefined });
    rig.open();
    rig.begin();
    rig.caption(9);
    rig.lose();
    for (const type of ["start", "time", "probe", "suspend", "abort"] as const) rig.do({ type });
    rig.do({ type: "end", timeoutMs: 100 });
    rig.pass(100_000);
    expect(rig.outputs).toHaveLength(total);
    expect(rig.session.wakeAt).toBeUndefined();
  });

  // Own trial, field report 89
  it("tells at once that audio which still comes is lost", () => {
    const { rig } = aborted();
    const captured = rig.captured;
    const before = rig.lost().length;
    rig.frames(2);
    rig.do({ type: "discard", range: { from: rig.captured, to: rig.captured + 100 } });
    expect(rig.lost().slice(before)).toEqual([
      { from: captured, to: captured + FRAME },
      { from: captured + FRAME, to: captured + 2 * FRAME },
      { from: captured + 2 * FRAME, to: captured + 2 * FRAME + 100 },
    ]);
    expect(rig.session.stats.samplesDropped).toBe(rig.captured + 100);
  });

  it("lets go of all audio", () => {
    const { rig } = aborted();
    expect(rig.session.stats).toMatchObject({ bufferedFrames: 0, bufferedBytes: 0, bufferedSamples: 0 });
  });
});

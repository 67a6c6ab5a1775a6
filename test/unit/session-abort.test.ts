import { describe, expect, it } from "vitest";
import { SessionRig } from "../support/session-rig.js";

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

describe.each(Object.entries(PHASES))("an abort %s", (_, { connection, bring }) => {
  const aborted = () => {
    const rig = new SessionRig({ replay: { maxDurationMs: 1_000 } });
    bring(rig);
    rig.frames(1);
    return { rig, outputs: rig.do({ type: "abort" }) };
  };

  it("leaves the connection, if there is one, and does nothing else", () => {
    const expected =
      connection === undefined ? [] : [{ type: "disconnect", connection, code: 1000, reason: "aborted" }];
    expect(aborted().outputs).toEqual(expected);
  });

  it("is followed by no output whatever happens, and by no wake-up", () => {
    const { rig } = aborted();
    const total = rig.outputs.length;
    expect(rig.session).toMatchObject({ done: true, wakeAt: undefined });
    rig.open();
    rig.begin();
    rig.frames(5);
    rig.caption(9);
    rig.lose();
    for (const type of ["start", "time", "probe", "suspend", "abort"] as const) rig.do({ type });
    rig.do({ type: "end", timeoutMs: 100 });
    rig.pass(100_000);
    expect(rig.outputs).toHaveLength(total);
    expect(rig.session.wakeAt).toBeUndefined();
  });

  it("lets go of all audio", () => {
    const { rig } = aborted();
    expect(rig.session.stats).toMatchObject({ bufferedFrames: 0, bufferedBytes: 0, bufferedSamples: 0 });
  });
});

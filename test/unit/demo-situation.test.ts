import { describe, expect, test } from "vitest";
import { AT_REST, describeSituation, type Situation } from "../../examples/demo/page/situation.js";

const BOOLEANS = [false, true] as const;
const STATES = ["streaming", "paused", "interrupted", "reconnecting"] as const;

/** Every combination that a running stream can be in. */
const RUNNING: readonly Situation[] = STATES.flatMap((state) =>
  BOOLEANS.flatMap((muted) =>
    BOOLEANS.flatMap((released) =>
      BOOLEANS.flatMap((delivers) =>
        BOOLEANS.flatMap((speaksMuted) =>
          BOOLEANS.flatMap((losing) =>
            [0, 4_200].flatMap((waitingMs) =>
              (["microphone", "sample"] as const).flatMap((source): Situation[] => {
                const facts = { ...AT_REST, state, muted, released, delivers, speaksMuted, losing, waitingMs, source };
                const connection = state === "reconnecting" ? "reconnecting" : "connected";
                // A stream that is away may be paused as well.
                return (state === "reconnecting" ? BOOLEANS : [state === "paused"]).map((paused) => ({
                  ...facts,
                  connection,
                  paused,
                }));
              }),
            ),
          ),
        ),
      ),
    ),
  ),
);

/** Claims that sentences make, and when they are true. */
const CLAIMS: readonly [claim: RegExp, isTrue: (situation: Situation) => boolean][] = [
  [
    /is going to the server/,
    ({ connection, paused, muted, delivers, state }) =>
      connection === "connected" && !paused && !muted && delivers && state !== "interrupted",
  ],
  [
    /is kept and sent later/,
    ({ connection, paused, muted, delivers }) => connection !== "connected" && !paused && !muted && delivers,
  ],
  [/The microphone is off/, ({ paused, released }) => paused && released],
  [/Nothing is recorded/, ({ paused, released }) => paused && !released],
  [/gets silence/, ({ muted, paused }) => muted && !paused],
  [/You are speaking/, ({ muted, speaksMuted }) => muted && speaksMuted],
  [/still be muted/, ({ muted, paused }) => muted && paused],
  [
    /delivers nothing/,
    ({ delivers, state, source }) => source === "microphone" && (!delivers || state === "interrupted"),
  ],
  [/wait here/, ({ connection, waitingMs }) => connection !== "connected" && waitingMs > 0],
  [/being lost/, ({ losing }) => losing],
  [/microphone|voice|[Ss]peak/, ({ source, paused, muted }) => source === "microphone" || paused || muted],
];

describe("what the demo says of a running stream", () => {
  test("is true in every combination of pause, mute, silence and outage", () => {
    expect(RUNNING.length).toBeGreaterThan(300);
    const lies = RUNNING.flatMap((situation) => {
      const { title, advice, waiting } = describeSituation(situation);
      const said = `${advice} ${waiting}`;
      return CLAIMS.filter(([claim, isTrue]) => claim.test(said) && !isTrue(situation)).map(
        ([claim]) => `${claim}: ${title}: ${said}`,
      );
    });
    expect(lies).toEqual([]);
  });

  test("names the outage whatever else there is, and says how much waits", () => {
    for (const situation of RUNNING) {
      const { title, advice, waiting } = describeSituation(situation);
      expect(/reconnecting/i.test(title)).toBe(situation.connection === "reconnecting");
      if (situation.connection === "reconnecting" && situation.waitingMs > 0)
        expect(waiting).toBe("4.2 s wait here for the server.");
      expect(advice).toMatch(/^$|^[A-Z0-9].*\.$/);
    }
  });

  test("is announced without figures, which would be read out many times a second", () => {
    for (const situation of RUNNING) expect(describeSituation(situation).advice).not.toMatch(/\d/);
  });

  test.each([
    [{ state: "streaming" }, "Streaming", "Speak. Your voice is going to the server."],
    [{ state: "streaming", muted: true }, "Muted", "The server gets silence. Press Mute again to be heard."],
    [
      { state: "reconnecting", connection: "reconnecting", waitingMs: 3_000 },
      "Reconnecting",
      "Go on speaking. Your voice is kept and sent later.",
      "3.0 s wait here for the server.",
    ],
    [
      { state: "reconnecting", connection: "reconnecting", paused: true, released: true },
      "Paused, reconnecting",
      "The microphone is off. Press Pause again to go on.",
    ],
    [
      { state: "reconnecting", connection: "reconnecting", losing: true, waitingMs: 30_000 },
      "Reconnecting",
      "Go on speaking. Your voice is kept and sent later. No more can be kept: the oldest is being lost.",
      "30.0 s wait here for the server.",
    ],
    [
      { state: "reconnecting", connection: "reconnecting", delivers: false, source: "sample" },
      "Waiting, reconnecting",
      "The sample waits for the server.",
    ],
    [{ state: "starting", unreached: true }, "Starting", "The server cannot be reached yet."],
    [
      { state: "closing", connection: "reconnecting", waitingMs: 2_000 },
      "Finishing",
      "The microphone is off, and the last words wait here until the server is back. Press Stop now to leave without them.",
      "2.0 s wait here for the server.",
    ],
  ] as const)("%o is %s", (facts, title, advice, waiting: string = "") => {
    const connection = facts.state === "streaming" ? "connected" : "connecting";
    expect(describeSituation({ ...AT_REST, connection, ...facts })).toEqual({
      title,
      advice,
      waiting,
    });
  });
});

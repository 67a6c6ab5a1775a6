import { describe, expect, it } from "vitest";
import type { Dialect } from "../../src/dialects/dialect.js";
import { gladiaDialect } from "../../src/dialects/gladia.js";
import { sonioxDialect } from "../../src/dialects/soniox.js";
import { Rng } from "../simulation/rng.js";
import { VirtualTime } from "../simulation/virtual-time.js";
import { DialectRun } from "../support/dialects/dialect-run.js";
import type { ServiceCaller } from "../support/dialects/speech-service.js";

const ADDRESS = "ws://service.test/";
const RUN_MS = 5_000;

/** Says something about each message that comes. */
function runWith(dialect: Dialect, say: (caller: ServiceCaller, count: number) => void): DialectRun {
  const rng = new Rng(1);
  const time = new VirtualTime(rng);
  const accept = (caller: ServiceCaller) => {
    let count = 0;
    return { receive: () => say(caller, count++) };
  };
  const run = new DialectRun({ time, rng, dialect, service: { accept }, token: () => ADDRESS });
  run.start();
  time.run(RUN_MS);
  return run;
}

const failuresOf = ({ events }: DialectRun): unknown[] =>
  events.flatMap((event) => (event.type === "reconnecting" || event.type === "failed" ? [event.error] : []));

describe("a service that says more than a caption may hold", () => {
  it("has its words cut, and is not left for that", () => {
    const word = "w".repeat(2_000);
    const run = runWith(sonioxDialect({ url: ADDRESS }), ({ send }, count) => {
      const spoken = { start_ms: 0, end_ms: 50, is_final: true, language: "l".repeat(100), speaker: "s".repeat(200) };
      const tokens = [
        { ...spoken, text: ` ${word}` },
        { text: "<end>", is_final: true },
      ];
      if (count > 0) send(JSON.stringify({ tokens, final_audio_proc_ms: count * 20 }));
    });
    const final = run.finals[0];
    expect([final?.text.length, final?.words[0]?.text.length]).toEqual([2_000, 1_000]);
    expect(failuresOf(run)).toEqual([]);
    run.abort();
  });

  it("has no character cut in two", () => {
    // Two UTF-16 units each, so that each limit falls into the middle of one.
    const long = (units: number): string => `a${"😀".repeat(units / 2)}`;
    const run = runWith(sonioxDialect({ url: ADDRESS }), ({ send }, count) => {
      const spoken = { start_ms: 0, end_ms: 50, is_final: true, language: long(64), speaker: long(128) };
      const tokens = [
        { ...spoken, text: ` ${long(100_000)}` },
        { text: "<end>", is_final: true },
      ];
      if (count > 0) send(JSON.stringify({ tokens, final_audio_proc_ms: count * 20 }));
    });
    const { text, words, speaker, language } = run.finals[0] ?? expect.unreachable("There is no caption.");
    expect([text, words[0]?.text, speaker, language].map((said) => [said?.endsWith("😀"), said?.length])).toEqual(
      [100_000, 1_000, 128, 64].map((limit) => [true, limit - 1]),
    );
    expect(failuresOf(run)).toEqual([]);
    run.abort();
  });

  it("may give its segments long names, which still tell them apart", () => {
    const run = runWith(gladiaDialect(), ({ send }, count) => {
      const id = `${"i".repeat(300)}${Math.floor(count / 2)}`;
      const utterance = { start: 0, end: 0.1, text: `words ${Math.floor(count / 2)}`, words: [] };
      send(JSON.stringify({ type: "transcript", data: { id, is_final: count % 2 === 1, utterance } }));
    });
    expect(run.finals.slice(0, 3).map(({ text }) => text)).toEqual(["words 0", "words 1", "words 2"]);
    expect(run.partials.size).toBeLessThan(2);
    expect(failuresOf(run)).toEqual([]);
    run.abort();
  });

  it("is believed when it refuses at great length", () => {
    const run = runWith(sonioxDialect({ url: ADDRESS }), ({ send }) =>
      send(JSON.stringify({ error_code: 400, error_message: "Bad model. ".repeat(1_000) })),
    );
    expect(run.ended).toBe("failed");
    expect(failuresOf(run)).toMatchObject([
      { code: "rejected-by-server", message: expect.stringMatching(/Bad model/) },
    ]);
  });
});

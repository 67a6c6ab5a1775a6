import { describe, expect, it } from "vitest";
import { HeldEvents } from "../../src/dialects/bridge/held-events.js";
import { LongNames } from "../../src/dialects/bridge/long-names.js";
import type { RemoteLeg } from "../../src/dialects/bridge/remote-leg.js";
import { Rng } from "../simulation/rng.js";
import { VirtualTime } from "../simulation/virtual-time.js";
import { DialectRun } from "../support/dialects/dialect-run.js";
import { DIALECT_SUBJECTS } from "../support/dialects/dialect-subjects.js";
import { SAID, type Said, SEGMENTS, TIMES } from "../support/dialects/said-by-services.js";
import type { ServiceCaller, ServiceSession, WireMessage } from "../support/dialects/speech-service.js";

interface Liar {
  /** Called when a connection opens. */
  opened?(caller: ServiceCaller): void;
  /** Called with each message that comes, and their number. */
  heard?(caller: ServiceCaller, count: number): void;
}

/** A service that is ready, and then says what it likes. */
function listenedToBy(name: string, { ready }: Said, liar: Liar, lengthMs: number, endMs = 0): DialectRun {
  const rng = new Rng(1);
  const time = new VirtualTime(rng);
  const { service, ...subject } = DIALECT_SUBJECTS[name]?.() ?? expect.unreachable(`There is no ${name}.`);
  expect(service).toBeDefined();
  const accept = (caller: ServiceCaller) => {
    let count = 0;
    if (ready !== undefined) caller.send(JSON.stringify(ready));
    liar.opened?.(caller);
    return { receive: () => liar.heard?.(caller, count++) };
  };
  const run = new DialectRun({ time, rng, ...subject, service: { accept } });
  run.start();
  time.run(lengthMs);
  if (endMs > 0) run.close();
  if (endMs > 0) time.run(lengthMs + endMs);
  else run.abort();
  return run;
}

/** The message of audio at which a service speaks. */
const SPEAKS_AT = 10;
const LENGTH_MS = 5_000;

const say = (caller: ServiceCaller, messages: readonly (object | string)[]): void => {
  for (const message of messages) caller.send(typeof message === "string" ? message : JSON.stringify(message));
};

const isLeft = ({ events }: DialectRun): boolean => events.some(({ type }) => type === "reconnecting");

const captionsOf = ({ events }: DialectRun) =>
  events.flatMap((event) =>
    event.type === "message" && !("application" in event.message) && event.message.t.startsWith("asr.")
      ? [
          event.message.data as {
            readonly audio?: { from: number; to: number };
            readonly words?: { from: number; to: number }[];
          },
        ]
      : [],
  );

const voidsIn = ({ events }: DialectRun): number =>
  events.filter(
    (event) => event.type === "message" && !("application" in event.message) && event.message.t === "asr.void",
  ).length;

const later = (messages: readonly object[], segment: number): string[] =>
  messages.map((message) => JSON.stringify(message).replace(SEGMENTS, `$1${segment}`));

describe.each(Object.entries(SAID))("%s", (name, said) => {
  it.each([1000, 4999])("is not hammered if it closes with %i whenever it is ready", (code) => {
    const run = listenedToBy(name, said, { opened: ({ close }) => close(code, "Nobody knows why.") }, 60_000);
    expect(run.remoteConnections).toBeGreaterThan(2);
    expect(run.remoteConnections).toBeLessThan(30);
  });

  it("is not waited for if it never answers the end, and what it did not say is told as lost", () => {
    const heard: Liar["heard"] = (caller, count) => {
      if (count === SPEAKS_AT) say(caller, said.shown("word"));
    };
    const run = listenedToBy(name, said, { heard }, LENGTH_MS, 70_000);
    expect(run.ended).toBeDefined();
    expect(run.openRemotes).toBe(0);
    // Lost as audio, or shown and taken back.
    const isTold = run.events.some(({ type }) => type === "drop") || voidsIn(run) > 0;
    expect(isTold || run.finals.length > 0).toBe(true);
  });

  it("is left if it says more in a message than anybody understands in a moment", () => {
    const heard: Liar["heard"] = (caller, count) => {
      if (count === SPEAKS_AT) say(caller, [`{"a":"${"a".repeat(5_000_000)}"}`]);
    };
    const run = listenedToBy(name, said, { heard }, LENGTH_MS);
    expect(isLeft(run)).toBe(true);
    const [reason] = run.events.flatMap((event) => (event.type === "reconnecting" ? [event.error.message] : []));
    expect(reason).toMatch(/cannot be understood/);
  });

  it.each(["null", '"NaN"', "-5", "1e999", "[]"])("may give %s for a time, and no position is wrong for it", (time) => {
    const wrong = [...said.shown("first"), ...said.final("first")].map((message) =>
      JSON.stringify(message).replace(TIMES, (_, before: string) => before.replace(/"$/, "") + time),
    );
    const heard: Liar["heard"] = (caller, count) => {
      if (count === SPEAKS_AT) say(caller, wrong);
      if (count === 2 * SPEAKS_AT) say(caller, later(said.final("second"), 1));
    };
    const run = listenedToBy(name, said, { heard }, LENGTH_MS);
    expect(wrong.join()).toContain(`:${time}`);
    expect(run.ended).toBeUndefined();
    for (const { audio, words = [] } of captionsOf(run))
      for (const { from, to } of [...(audio === undefined ? [] : [audio]), ...words]) {
        expect(Number.isSafeInteger(from) && Number.isSafeInteger(to)).toBe(true);
        expect(0 <= from && from <= to && to <= run.captured).toBe(true);
      }
  });

  it("may call words final that come before others that are, and nothing is taken back for it", () => {
    const at = (text: string, segment: number, [from, to]: readonly [string, string]): string[] =>
      later(said.final(text), segment).map((message) =>
        // The first time of a message is a beginning, or the only one.
        message.replace(/("(?:start|start_time)":"?)0(?:\.000)?("?)/g, `$1${from}$2`).replace(/0\.1(?:00)?\b/g, to),
      );
    const heard: Liar["heard"] = (caller, count) => {
      if (count === 2 * SPEAKS_AT)
        say(caller, [...at("second", 0, ["0.100", "0.180"]), ...at("first", 1, ["0.000", "0.090"])]);
    };
    const run = listenedToBy(name, said, { heard }, LENGTH_MS);
    const released = run.events.flatMap((event) => (event.type === "acknowledged" ? [event.position] : []));
    expect(released).toEqual(released.toSorted((a, b) => a - b));
    // WhisperLive says the same segments again and again.
    expect(run.finals.map(({ text }) => text)).toEqual(name === "WhisperLive" ? ["second"] : ["second", "first"]);
    expect([isLeft(run), run.ended]).toEqual([false, undefined]);
  });

  if (JSON.stringify(said.shown("word")).search(SEGMENTS) >= 0)
    it("is left if it begins captions without an end, and ends none", () => {
      const heard: Liar["heard"] = (caller, count) => {
        if (count === SPEAKS_AT) for (let n = 0; n < 5_000; n += 1) say(caller, later(said.shown("word"), n));
      };
      const run = listenedToBy(name, said, { heard }, LENGTH_MS);
      expect(isLeft(run)).toBe(true);
      expect(run.partials.size).toBe(0);
    });
});

/** Speaks with a service of which some messages are left out, and ends in the middle of an utterance. */
function withoutMessages(name: string, isLeftOut: (message: string, connection: number) => boolean): DialectRun {
  const rng = new Rng(1);
  const time = new VirtualTime(rng);
  const { service, ...subject } = DIALECT_SUBJECTS[name]?.() ?? expect.unreachable(`There is no ${name}.`);
  let connections = 0;
  const accept = (caller: ServiceCaller): ServiceSession => {
    connections += 1;
    const connection = connections;
    const send = (message: WireMessage): void => {
      if (!isLeftOut(String(message), connection)) caller.send(message);
    };
    return service.accept({ ...caller, send });
  };
  const run = new DialectRun({ time, rng, ...subject, service: { ...service, accept } });
  run.start();
  time.at(IN_UTTERANCE_MS, () => run.close());
  time.run(IN_UTTERANCE_MS + 120_000);
  return run;
}

/** After five words, of which three are an utterance. */
const IN_UTTERANCE_MS = 5_100;

const wordsIn = ({ finals }: DialectRun): string => finals.flatMap(({ text }) => text.split(" ")).join(" ");

describe("a service that comes to its end", () => {
  it.each([
    ["Deepgram", /"is_final":true/],
    ["AssemblyAI", /"end_of_turn":true/],
    ["Speechmatics", /"AddTranscript"/],
    ["ElevenLabs", /"committed/],
    ["Gladia", /"is_final":true/],
  ])("and never called words final that it has shown, as %s might, is asked once more", (name, finals) => {
    const run = withoutMessages(name, (message, connection) => connection === 1 && finals.test(message));
    expect(wordsIn(run)).toBe("w0 w1 w2 w3 w4");
    expect([run.ended, run.remoteConnections]).toEqual(["ended", 2]);
  });

  it("and never does is believed the second time, and its words are taken back", () => {
    const run = withoutMessages("Deepgram", (message) => /"is_final":true/.test(message));
    expect([wordsIn(run), run.ended, run.remoteConnections]).toEqual(["", "ended", 2]);
    expect(run.partials.size).toBe(0);
  });
});

it("has the words of a turn that AssemblyAI never says with punctuation, before those of the next", () => {
  const run = withoutMessages("AssemblyAI, formatted", (message) =>
    /"turn_order":0.*"turn_is_formatted":true/.test(message),
  );
  expect([wordsIn(run), run.ended]).toEqual(["w0 w1 w2 w3 w4", "ended"]);
  expect([run.forsaken, run.partials.size]).toEqual([[], 0]);
});

it("keeps what a service says before its turn only as far as there is room", () => {
  const failures: string[] = [];
  const leg = { failed: ({ detail }: { readonly detail: string }) => failures.push(detail) } as unknown as RemoteLeg;
  const held = new HeldEvents();
  for (let n = 0; n < 20_000; n += 1) held.hold(leg, { type: "finished" });
  expect([failures, held.take(leg).length, held.take(leg).length]).toEqual([[], 20_000, 0]);
  for (let n = 0; n <= 20_000; n += 1) held.hold(leg, { type: "finished" });
  expect(failures).toEqual([expect.stringMatching(/more than can be kept/)]);
});

it("remembers long names of segments only as far as there is room, and gives none to two", () => {
  const names = new LongNames();
  const numbers = Array.from({ length: 3_000 }, (_, n) => names.numberOf(`name ${n}`));
  expect(new Set(numbers).size).toBe(3_000);
  expect(names.numberOf("name 2999")).toBe(numbers.at(-1));
  expect(numbers).not.toContain(names.numberOf("name 0"));
});

it("leaves OpenAI if stretches of speech begin and none of them ever has words", () => {
  const heard: Liar["heard"] = (caller, count) => {
    if (count !== SPEAKS_AT) return;
    for (let n = 0; n < 5_000; n += 1)
      say(caller, [{ type: "input_audio_buffer.speech_started", item_id: `item ${n}`, audio_start_ms: n }]);
  };
  expect(isLeft(listenedToBy("OpenAI", SAID.OpenAI ?? expect.unreachable(), { heard }, LENGTH_MS))).toBe(true);
});

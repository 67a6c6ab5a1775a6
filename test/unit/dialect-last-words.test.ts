import { describe, expect, it } from "vitest";
import type { Bytes } from "../../src/protocol/bytes.js";
import { Rng } from "../simulation/rng.js";
import { VirtualTime } from "../simulation/virtual-time.js";
import { DialectRun } from "../support/dialects/dialect-run.js";
import { DIALECT_SUBJECTS, type DialectSubject } from "../support/dialects/dialect-subjects.js";
import { scriptWord } from "../support/dialects/scripted-recogniser.js";
import type { ServiceCaller, ServiceSession, SpeechService } from "../support/dialects/speech-service.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../support/stamped-audio.js";

const SAMPLE_RATE = 16_000;
/** Everything has ended by then, in milliseconds after the last word. */
const END_MS = 120_000;

const subjectOf = (name: string): DialectSubject =>
  DIALECT_SUBJECTS[name]?.() ?? expect.unreachable(`There is no ${name}.`);

/** Speaks for so long, in milliseconds, and ends. */
function spokenFor(
  lengthMs: number,
  subject: DialectSubject,
  troubles?: (run: DialectRun, time: VirtualTime) => void,
): DialectRun {
  const rng = new Rng(1);
  const time = new VirtualTime(rng);
  const run = new DialectRun({ time, rng, ...subject });
  run.start();
  troubles?.(run, time);
  time.at(lengthMs, () => run.close());
  time.run(lengthMs + END_MS);
  return run;
}

const wordsIn = ({ finals }: DialectRun): string[] => finals.flatMap(({ text }) => text.split(" "));

const spokenIn = ({ captured }: DialectRun): string[] =>
  Array.from({ length: Math.floor((captured - LOUD_SAMPLES) / CYCLE_SAMPLES) + 1 }, (_, n) => scriptWord(n));

describe("the end of a session", () => {
  it("names the last message of audio to Speechmatics", () => {
    const format = { encoding: "pcm_s16le", sampleRate: SAMPLE_RATE, channelCount: 1 } as const;
    const session = subjectOf("Speechmatics").dialect.session({ format, token: "key" });
    session.open();
    for (let count = 0; count < 3; count += 1) session.audio(new Uint8Array(2) as Bytes);
    expect(session.finish().map((message) => JSON.parse(String(message)) as unknown)).toEqual([
      { message: "EndOfStream", last_seq_no: 3 },
    ]);
  });

  it("gives WhisperLive silence, since it listens only when a second of audio has come", () => {
    // Right after each of several words: the last one is always in what has not been listened to at some of these ends.
    const ends = [1, 2, 3, 4].map((n) => ((n * CYCLE_SAMPLES + LOUD_SAMPLES) * 1_000) / SAMPLE_RATE + 50);
    const runs = ends.map((end) => spokenFor(end, subjectOf("WhisperLive")));
    expect(runs.map(wordsIn)).toEqual(runs.map(spokenIn));
    expect(runs.map((run) => spokenIn(run).length)).toEqual([2, 3, 4, 5]);
  });
});

describe("somebody who speaks without a pause", () => {
  /** Soniox without the mark that nobody speaks any more, as if endpoints were off. */
  const endless = (service: SpeechService): SpeechService => ({
    accept: (caller: ServiceCaller): ServiceSession =>
      service.accept({
        ...caller,
        send: (message) => caller.send(String(message).replace(/,?\{"text":"<end>"[^}]*\}/, "")),
      }),
  });

  it("is heard by Soniox in pieces, and loses no word if a connection is cut in one of them", () => {
    const subject = subjectOf("Soniox");
    const run = spokenFor(60_000, { ...subject, service: endless(subject.service) }, (cut, time) => {
      for (const at of [12_300, 33_000, 50_500]) time.at(at, () => cut.cut());
    });
    expect(wordsIn(run)).toEqual(spokenIn(run));
    expect(run.forsaken).toEqual([]);
    const lengths = run.finals.map(({ words }) => (words.at(-1)?.to ?? 0) - (words[0]?.from ?? 0));
    expect(lengths.length).toBeGreaterThan(2);
    // What a stream keeps by default.
    expect(Math.max(...lengths)).toBeLessThan(30 * SAMPLE_RATE);
  });
});

describe("a session that is replaced before its limit", () => {
  it("ends in time with AssemblyAI though the stream is far behind", () => {
    const run = spokenFor(80_000, subjectOf("AssemblyAI"), (late, time) => {
      late.isRefusing = true;
      time.at(15_000, () => {
        late.isRefusing = false;
      });
    });
    expect(run.closes).toEqual([]);
    expect(wordsIn(run)).toEqual(spokenIn(run));
    expect(run.remoteConnections).toBeGreaterThan(2);
  });

  it("comes to its end while the next one is opening, and costs no connection", () => {
    const { service, ...subject } = subjectOf("AssemblyAI");
    const accept = (caller: ServiceCaller): ServiceSession => {
      const session = service.accept({
        ...caller,
        send(message) {
          if (!String(message).includes('"Begin"')) caller.send(message);
          else caller.clock.schedule(OPENS_IN_MS, () => caller.send(message));
        },
      });
      const receive: ServiceSession["receive"] = (message) => {
        if (typeof message !== "string") session.receive(message);
        else caller.clock.schedule(ENDS_IN_MS, () => session.receive(message));
      };
      return { ...session, receive };
    };
    const run = spokenFor(60_000, { ...subject, service: { accept } });
    expect(run.hasty).toEqual([]);
    expect(wordsIn(run)).toEqual(spokenIn(run));
    expect([run.remoteConnections, run.closes]).toEqual([3, []]);
  });
});

/** A service that is slow to open a session, and to end one. */
const OPENS_IN_MS = 1_500;
const ENDS_IN_MS = 700;

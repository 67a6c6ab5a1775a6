import { describe, expect, it } from "vitest";
import type { Dialect } from "../../src/dialects/dialect.js";
import { Rng } from "../simulation/rng.js";
import { VirtualTime } from "../simulation/virtual-time.js";
import { DialectRun } from "../support/dialects/dialect-run.js";
import { DIALECT_SUBJECTS } from "../support/dialects/dialect-subjects.js";
import { SAID, type Said, SEGMENTS, TIMES } from "../support/dialects/said-by-services.js";
import { scriptWord } from "../support/dialects/scripted-recogniser.js";
import type { ServiceCaller, ServiceSession } from "../support/dialects/speech-service.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../support/stamped-audio.js";

const RUN_MS = 5_000;
/** Messages of audio after which the service speaks. */
const AUDIO_FIRST = 10;

/** Runs a stream with a service that says this, and nothing else, about the first audio that it gets. */
function runWith(name: string, { ready }: Said, messages: readonly object[]): DialectRun {
  const rng = new Rng(1);
  const time = new VirtualTime(rng);
  const { dialect, sampleRate, token } = DIALECT_SUBJECTS[name]?.() ?? expect.unreachable(`There is no ${name}.`);
  const accept = ({ send }: ServiceCaller): ServiceSession => {
    let count = 0;
    if (ready !== undefined) send(JSON.stringify(ready));
    return {
      receive() {
        count += 1;
        if (count === AUDIO_FIRST) for (const message of messages) send(JSON.stringify(message));
      },
    };
  };
  const run = new DialectRun({
    ...{ time, rng, dialect: dialect as Dialect, service: { accept } },
    ...(token !== undefined && { token }),
    ...(sampleRate !== undefined && { sampleRate }),
  });
  run.start();
  time.run(RUN_MS);
  run.abort();
  return run;
}

const outcomeOf = ({ finals, partials, events }: DialectRun): unknown => ({
  finals: finals.map(({ text }) => text),
  partials: [...partials.values()],
  left: events.some(({ type }) => type === "reconnecting" || type === "failed"),
});

describe.each(Object.entries(SAID))("%s", (name, said) => {
  it("shows nothing any more when the service has heard words where there were none", () => {
    const run = runWith(name, said, [...said.shown("word"), ...said.final("")]);
    expect(outcomeOf(run)).toEqual({ finals: [], partials: [], left: false });
  });

  it("says a final caption once, though the service says it twice", () => {
    const run = runWith(name, said, [...said.shown("word"), ...said.final("word"), ...said.final("word")]);
    expect(outcomeOf(run)).toEqual({ finals: ["word"], partials: [], left: false });
  });

  it("hears what comes after a time that cannot be", () => {
    const [first, second] = [said.final("first"), said.final("second")].map((messages) => JSON.stringify(messages));
    const impossible = (first ?? "").replace(TIMES, "$11e9$2");
    const later = (second ?? "").replace(SEGMENTS, "$11").replace('"0.000"', '"3.000"').replace('"0.100"', '"3.100"');
    const run = runWith(name, said, [...JSON.parse(impossible), ...JSON.parse(later)] as object[]);
    expect(outcomeOf(run)).toEqual({ finals: ["first", "second"], partials: [], left: false });
  });

  if (said.isVague !== true)
    it("does not show again what is final", () => {
      const run = runWith(name, said, [...said.final("word"), ...said.shown("word")]);
      expect(outcomeOf(run)).toEqual({ finals: ["word"], partials: [], left: false });
    });
});

it("keeps audio of which a service says that it is understood before the service has got it", () => {
  const rng = new Rng(1);
  const time = new VirtualTime(rng);
  const { service, ...subject } = DIALECT_SUBJECTS.Deepgram?.() ?? expect.unreachable("There is no Deepgram.");
  const accept = (caller: ServiceCaller): ServiceSession =>
    service.accept({
      ...caller,
      send: (message) => caller.send(String(message).replace(/"duration":[\d.]+/, '"duration":1e9')),
    });
  const run = new DialectRun({ time, rng, ...subject, service: { accept } });
  run.start();
  // In the middle of words that are not final.
  for (const at of [4_000, 9_500, 13_000]) time.at(at, () => run.cut());
  time.at(20_000, () => run.close());
  time.run(60_000);
  const words = new Set(run.finals.flatMap(({ text }) => text.split(" ")));
  const count = Math.floor((run.captured - LOUD_SAMPLES) / CYCLE_SAMPLES) + 1;
  expect([...words]).toEqual(Array.from({ length: count }, (_, n) => scriptWord(n)));
});

it("speaks with each service", () => {
  const services = Object.keys(DIALECT_SUBJECTS).filter((name) => !name.includes(","));
  expect(Object.keys(SAID).toSorted()).toEqual(services.toSorted());
});

import { DialectRun } from "../../support/dialects/dialect-run.js";
import { DIALECT_SUBJECTS } from "../../support/dialects/dialect-subjects.js";
import { scriptWord } from "../../support/dialects/scripted-recogniser.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../../support/stamped-audio.js";
import { Rng } from "../rng.js";
import { VirtualTime } from "../virtual-time.js";

const TROUBLES = [
  "cut",
  "black hole",
  "refused",
  "probe",
  "pause",
  "standstill",
  "slowness",
  "dismissal",
  "repetition",
  "nonsense",
  "mistake",
] as const;

/** Codes with which a service may close a connection in the middle; a new one helps. */
const CODES = [1000, 1001, 1011, 1012];
/** No message of any service. */
const NONSENSE = ["", "null", "[]", "{", "\u0000", '"a"', "9e999", new Uint8Array([0, 1, 2, 255]), "[".repeat(100_000)];
/** JSON objects that no service knows: it is left as it is. */
const UNKNOWN = ['{"type":"Surprise"}', '{"message":7,"words":{}}', `{"a":"${"a".repeat(100_000)}"}`];

export type DialectTrouble = (typeof TROUBLES)[number];

/** Where a planted bug shows itself soonest. */
export interface DialectGround {
  /** What may happen. @defaultValue everything */
  readonly troubles?: readonly DialectTrouble[];
  /** Between 0 and 5 times by default. */
  readonly count?: number;
  /** How long somebody speaks, in milliseconds. @defaultValue 20 to 60 seconds */
  readonly lengthMs?: number;
}

/** Milliseconds of a frame: the usual ones, and some that are longer than many a message. */
const FRAMES_MS = [10, 20, 60, 100];
/** Samples of one frame, within which times have to be right. */
const FRAME_SAMPLES = 320;
/** Everything has ended by then, in milliseconds after the last word. */
const END_MS = 120_000;
/** Runs a stream with a service under seeded troubles. Returns the promises that are broken. */
export function simulateDialect(
  name: keyof typeof DIALECT_SUBJECTS,
  seed: number,
  { troubles = TROUBLES, count, lengthMs }: DialectGround = {},
): string[] {
  const rng = new Rng(seed);
  const time = new VirtualTime(rng);
  const subject = DIALECT_SUBJECTS[name]?.();
  if (subject === undefined) throw new RangeError(`There is no service ${name}.`);
  const run = new DialectRun({ time, rng, frameMs: rng.pick(FRAMES_MS), ...subject });
  const happen: Readonly<Record<DialectTrouble, () => void>> = {
    cut: () => run.cut(),
    "black hole": () => run.swallow(),
    dismissal: () => run.dismiss(rng.pick(subject.endsByClosing === true ? CODES.slice(1) : CODES)),
    nonsense: () => run.babble(rng.pick([...NONSENSE, ...UNKNOWN])),
    repetition() {
      if (subject.countsAnswers !== true) run.repeat();
    },
    probe: () => run.probe(),
    mistake: () => run.mistake(),
    standstill: () => run.standStill(rng.between(100, 20_000)),
    slowness: () => run.slowDown(rng.between(5_000, 40_000)),
    refused() {
      run.isRefusing = true;
      run.cut();
      time.after(rng.between(100, 8_000), () => {
        run.isRefusing = false;
      });
    },
    pause() {
      run.isPaused = true;
      time.after(rng.between(50, 15_000), () => {
        run.isPaused = false;
      });
    },
  };
  run.start();
  const length = lengthMs ?? rng.between(20_000, 60_000);
  const times = count ?? rng.whole(0, 5);
  for (let n = 0; n < times; n += 1) time.at(rng.between(0, length + 2_000), happen[rng.pick(troubles)]);
  time.at(length, () => run.close());
  time.run(length + END_MS);
  return verdictOn(run, subject.hasNoWords !== true);
}

function verdictOn(run: DialectRun, hasWords: boolean): string[] {
  const count = Math.floor((run.captured - LOUD_SAMPLES) / CYCLE_SAMPLES) + 1;
  const spoken = Array.from({ length: Math.max(0, count) }, (_, n) => scriptWord(n)).join(" ");
  const texts = run.finals.map(({ text }) => text).join(" ");
  const words = run.finals.flatMap((final) => final.words.map(({ text }) => text)).join(" ");
  const drops = run.events.filter(({ type }) => type === "drop").length;
  return [
    ...(run.ended === "ended" ? [] : [`The stream is ${run.ended ?? "not over"}.`]),
    ...(texts === spoken ? [] : [`"${spoken}" was said, and the final captions are "${texts}".`]),
    ...(!hasWords || words === spoken ? [] : [`"${spoken}" was said, and the words are "${words}".`]),
    ...(hasWords ? misplacedIn(run) : []),
    ...(run.openRemotes === 0 ? [] : [`${run.openRemotes} connections are open.`]),
    ...Array.from(run.partials.values(), (text) => `"${text}" is neither final nor taken back.`),
    ...(drops === 0 ? [] : [`Audio was dropped ${drops} times.`]),
    ...run.forsaken.map((word) => `The audio of ${word} was let go of before it was final.`),
    ...run.hasty.map((position) => `Audio was acknowledged up to ${position} before the opening was answered.`),
    ...run.closes.map((code) => `The service closed a connection with code ${code}.`),
  ];
}

/** Words that are not where they were spoken. */
function misplacedIn({ finals }: DialectRun): string[] {
  return finals.flatMap(({ words }) =>
    words.flatMap(({ text, from, to }) => {
      const at = Number(text.slice(1)) * CYCLE_SAMPLES;
      const isRight = Math.abs(from - at) <= FRAME_SAMPLES && Math.abs(to - (at + LOUD_SAMPLES)) <= FRAME_SAMPLES;
      return isRight ? [] : [`${text} is from ${from} to ${to}, and was spoken from ${at} on.`];
    }),
  );
}

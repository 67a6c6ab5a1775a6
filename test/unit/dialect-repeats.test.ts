import { describe, expect, it } from "vitest";
import type { Dialect } from "../../src/dialects/dialect.js";
import { Rng } from "../simulation/rng.js";
import { VirtualTime } from "../simulation/virtual-time.js";
import { DialectRun } from "../support/dialects/dialect-run.js";
import { DIALECT_SUBJECTS } from "../support/dialects/dialect-subjects.js";
import { scriptWord } from "../support/dialects/scripted-recogniser.js";
import type { ServiceCaller, ServiceSession } from "../support/dialects/speech-service.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../support/stamped-audio.js";

/** What a service says about the first tenth of a second. */
interface Said {
  /** That audio may come. */
  readonly ready?: object;
  /** These words, which may change. */
  shown(text: string): readonly object[];
  /** These words, which stand. */
  final(text: string): readonly object[];
  /** Whether it does not say which words it shows, so that nobody can know that they were shown before. */
  readonly isVague?: boolean;
}

const PART_SEC = 0.1;
const RUN_MS = 5_000;
/** Messages of audio after which the service speaks. */
const AUDIO_FIRST = 10;

/** Words of a text with the names that a service has for their fields. */
const wordsOf = (text: string, [word, start, end]: readonly [string, string, string], perSecond = 1): object[] =>
  text === "" ? [] : [{ [word]: text, [start]: 0, [end]: PART_SEC * perSecond }];

const results = (text: string, is_final: boolean): object[] => {
  const words = wordsOf(text, ["word", "start", "end"]);
  const channel = { alternatives: [{ transcript: text, words }] };
  return [{ type: "Results", start: 0, duration: PART_SEC, is_final, channel }];
};
const turnInfo = (text: string, event: string): object[] => [
  { type: "TurnInfo", event, turn_index: 0, transcript: text, audio_window_start: 0, audio_window_end: PART_SEC },
];
const turn = (text: string, end_of_turn: boolean): object[] => {
  const words = wordsOf(text, ["text", "start", "end"], 1_000);
  return [{ type: "Turn", turn_order: 0, end_of_turn, transcript: text, words }];
};
const transcript = (text: string, message: string): object[] => [
  { message, metadata: { start_time: 0, end_time: PART_SEC, transcript: text }, results: [] },
];
const tokens = (text: string, is_final: boolean): object[] =>
  wordsOf(text, ["text", "start_ms", "end_ms"], 1_000).map((token) => ({ ...token, is_final }));
const utterance = (text: string, is_final: boolean): object[] => [
  { type: "transcript", data: { id: "first", is_final, utterance: { start: 0, end: PART_SEC, text, words: [] } } },
];
const transcription = "conversation.item.input_audio_transcription";
const result = (text: string, is_final: boolean): object[] => [
  { text, timestamps: text === "" ? [] : [0], segment: 0, start_time: 0, is_final },
];
const segment = (text: string, completed: boolean): object[] => [
  { segments: [{ start: "0.000", end: "0.100", text, completed }] },
];

const SAID: Readonly<Record<string, Said>> = {
  Vosk: {
    shown: (partial) => [{ partial }],
    final: (text) => [{ text, result: wordsOf(text, ["word", "start", "end"]) }],
    isVague: true,
  },
  Deepgram: { shown: (text) => results(text, false), final: (text) => results(text, true) },
  "Deepgram Flux": {
    ready: { type: "Connected" },
    shown: (text) => turnInfo(text, "Update"),
    final: (text) => turnInfo(text, "EndOfTurn"),
  },
  AssemblyAI: { ready: { type: "Begin" }, shown: (text) => turn(text, false), final: (text) => turn(text, true) },
  Speechmatics: {
    ready: { message: "RecognitionStarted" },
    shown: (text) => transcript(text, "AddPartialTranscript"),
    final: (text) => transcript(text, "AddTranscript"),
  },
  Soniox: {
    shown: (text) => [{ tokens: tokens(text, false) }],
    final: (text) => [{ tokens: [...tokens(text, true), { text: "<end>", is_final: true }] }],
  },
  Gladia: { shown: (text) => utterance(text, false), final: (text) => utterance(text, true) },
  OpenAI: {
    ready: { type: "session.updated" },
    shown: (delta) => [
      { type: "input_audio_buffer.speech_started", item_id: "first", audio_start_ms: 0 },
      { type: `${transcription}.delta`, item_id: "first", delta },
    ],
    final: (text) => [{ type: `${transcription}.completed`, item_id: "first", transcript: text }],
  },
  ElevenLabs: {
    ready: { message_type: "session_started" },
    shown: (text) => [{ message_type: "partial_transcript", text }],
    final: (text) => [
      {
        message_type: "committed_transcript_with_timestamps",
        text,
        words: wordsOf(text, ["text", "start", "end"]),
      },
    ],
    isVague: true,
  },
  WhisperLive: {
    ready: { message: "SERVER_READY" },
    shown: (text) => segment(text, false),
    final: (text) => segment(text, true),
  },
  "sherpa-onnx": { shown: (text) => result(text, false), final: (text) => result(text, true) },
};

/** Times of messages, and the names of segments, which are 0 or "first". */
const TIMES = /("(?:start|end|start_time|end_time|start_ms|end_ms|audio_window_start|audio_window_end)":"?)[\d.]+("?)/g;
const SEGMENTS = /("(?:turn_index|turn_order|segment|id|item_id)":"?)(?:0|first)/g;

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

/** What each service says of the same thing, for tests in which it says something on purpose. */

/** What a service says about the first tenth of a second. */
export interface Said {
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

/** By the names of the services in `DIALECT_SUBJECTS`. */
export const SAID: Readonly<Record<string, Said>> = {
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

/** Times in messages as JSON. */
export const TIMES =
  /("(?:start|end|start_time|end_time|start_ms|end_ms|audio_window_start|audio_window_end|audio_start_ms)":"?)[\d.]+("?)/g;
/** Names of segments in messages as JSON, which are 0 or "first". */
export const SEGMENTS = /("(?:turn_index|turn_order|segment|id|item_id)":"?)(?:0|first)/g;

import type { PlantedBug } from "../../support/planted-bug.js";
import type { DialectGround } from "../dialects/simulate-dialect.js";

/** One planted bug of a dialect or of what all have in common, the service with which it is hunted, and where. */
export interface DialectMutant extends PlantedBug {
  readonly service: string;
  readonly ground: DialectGround;
}

const mutantsOf =
  (file: string) =>
  (service: string, ground: DialectGround, name: string, find: string, replace: string): DialectMutant => ({
    ...{ name, file: `src/dialects/${file}`, find, replace, service, ground },
  });

const standIn = mutantsOf("bridge/stand-in.ts");
const leg = mutantsOf("bridge/remote-leg.ts");
const feed = mutantsOf("bridge/audio-feed.ts");
const map = mutantsOf("bridge/audio-map.ts");
const unanswered = mutantsOf("bridge/unanswered-audio.ts");
const waiting = mutantsOf("bridge/waiting-audio.ts");
const said = mutantsOf("bridge/said-captions.ts");
const rollover = mutantsOf("bridge/rollover.ts");

const CUTS: DialectGround = { troubles: ["cut"], count: 3 };
const OUTAGES: DialectGround = { troubles: ["refused"], count: 2 };
const PAUSES: DialectGround = { troubles: ["pause"], count: 3 };
const CALM: DialectGround = { count: 0 };
const STANDSTILLS: DialectGround = { troubles: ["standstill"], count: 4 };
const REPETITIONS: DialectGround = { troubles: ["repetition"], count: 20 };
const DISMISSALS: DialectGround = { troubles: ["dismissal"], count: 10, lengthMs: 2_000 };
const SLOWNESS: DialectGround = { troubles: ["slowness", "cut"], count: 5 };

export const DIALECT_MUTANTS: readonly DialectMutant[] = [
  // What is kept, and until when
  standIn(
    "Deepgram",
    CUTS,
    "Audio is let go of when the service has received it, and not when it is words.",
    "    leg.settleSilence();\n",
    "    leg.unanswered.settle(this.#expected);\n",
  ),
  unanswered(
    "AssemblyAI",
    CUTS,
    "Loud audio is let go of though nothing was said about it yet.",
    "if (this.#terms.wordsWithinMs !== undefined && this.isSaid)",
    "if (this.#terms.wordsWithinMs !== undefined && this.isBetweenSegments)",
  ),
  feed(
    "Deepgram Flux",
    STANDSTILLS,
    "A word whose frames are late has silence put into its middle.",
    "this.#waiting.take(isStrict ? min : 0,",
    "this.#waiting.take(min,",
  ),
  unanswered(
    "Deepgram Flux",
    { troubles: ["slowness", "cut"], count: 12, lengthMs: 60_000 },
    "Audio is let go of because it was sent long ago, though the service is not so far yet.",
    'this.settle(listened === undefined ? end : Math.min(end, map.positionAt(listened, "from")));',
    "this.settle(end);",
  ),
  mutantsOf("openai.ts")(
    "OpenAI",
    SLOWNESS,
    "An utterance that the service ended by itself is taken for the last one.",
    "        this.#item(id).to ??= this.#sentSeconds;\n",
    "        this.#item(id).to ??= this.#sentSeconds;\n        this.#isCutOff = this.#isFinishing;\n",
  ),
  mutantsOf("elevenlabs.ts")(
    "ElevenLabs",
    SLOWNESS,
    "A commit that came by itself is taken for the end.",
    '      { type: "settled", to: last.to },\n',
    '      { type: "settled", to: last.to },\n      { type: "finished" },\n',
  ),
  mutantsOf("soniox.ts")(
    "Soniox",
    CUTS,
    "Audio of words that stand is let go of before they are in a final caption.",
    "Math.min(processedMs / 1_000, unsaid)",
    "processedMs / 1_000",
  ),

  // Positions
  map(
    "Deepgram",
    CUTS,
    "The second session of a service counts from the stream's beginning.",
    "return found.position + Math.max(0,",
    "return found.position - this.#begin + Math.max(0,",
  ),
  map(
    "AssemblyAI",
    OUTAGES,
    "Silence that was left out is counted as sent.",
    "if (last !== undefined && last.position + last.samples === position && last.remote + last.samples === this.#remote)",
    "if (last !== undefined)",
  ),

  // Sessions of the service
  rollover(
    "AssemblyAI",
    CALM,
    "A session is not replaced before its limit.",
    "if (leftMs > marginMs) return undefined;",
    "if (leftMs > 0) return undefined;",
  ),
  standIn(
    "AssemblyAI",
    { troubles: ["refused"], count: 5, lengthMs: 60_000 },
    "A session that is replaced gets all that waits for it, however long that takes.",
    "leg.finishEarly();",
    "leg.finish();",
  ),
  standIn(
    "AssemblyAI",
    { count: 0, lengthMs: 60_000 },
    "The next session gets again what the one before it is still to say.",
    "const begin = Math.max(audio.first, this.#legs.at(-1)?.end ?? this.#released);",
    "const begin = Math.max(audio.first, this.#released);",
  ),
  standIn(
    "WhisperLive",
    CALM,
    "The next session is heard before the one before it is through.",
    "else if (leg === this.#legs[0]) this.#apply(leg, event);\n    else this.#held.hold(leg, event);",
    "else this.#apply(leg, event);",
  ),
  standIn(
    "AssemblyAI",
    CUTS,
    "A token is used again.",
    "const request: DialectRequest = { format, token: opening.data.token };",
    "const request: DialectRequest = { format, token: (this.firstToken ??= opening.data.token) };",
  ),
  feed(
    "Deepgram",
    PAUSES,
    "Nothing keeps the connection alive while nothing is said.",
    "      this.#options.keepAlive();\n",
    "",
  ),
  unanswered(
    "Deepgram",
    { troubles: ["black hole"], count: 1, lengthMs: 150_000 },
    "A service that says nothing any more is waited for.",
    "return silenceMs !== undefined && this.#since !== undefined && now - this.#since > silenceMs;",
    "return false;",
  ),

  // Pace
  feed(
    "AssemblyAI",
    OUTAGES,
    "What has gathered in an outage is sent as fast as the network takes it.",
    "if (affordable < needed) return credit.waitFor(needed);",
    "",
  ),
  waiting(
    "AssemblyAI",
    CALM,
    "Messages are longer than the service allows, and those that are too short are not filled up.",
    "const padding = Math.max(0, min - samples);",
    "const padding = 0;",
  ),

  // Captions
  standIn(
    "Deepgram",
    CUTS,
    "What a session had not finished stays when its connection is lost.",
    "      this.#void(one);\n",
    "",
  ),
  mutantsOf("openai.ts")(
    "OpenAI",
    CALM,
    "Transcripts are said in the order in which they come.",
    "        item.isComplete = true;\n",
    "        item.isComplete = true;\n        this.#items.splice(this.#items.indexOf(item), 1);\n        this.#items.unshift(item);\n",
  ),
  mutantsOf("deepgram.ts")(
    "Deepgram",
    CALM,
    "What may still change is taken for final.",
    "const final = fields.is_final === true;",
    "const final = true;",
  ),

  said(
    "Deepgram",
    REPETITIONS,
    "What a service says again is told again.",
    "const isRepeated = this.#said.some((said) => repeats(event, said));",
    "const isRepeated = false;",
  ),
  mutantsOf("openai.ts")(
    "OpenAI",
    REPETITIONS,
    "A stretch of speech that is said is waited for, because the service says again that it began.",
    'if (id !== "" && this.#said.includes(id)) return [];',
    "",
  ),
  mutantsOf("soniox.ts")(
    "Soniox",
    REPETITIONS,
    "Tokens that stand are put together again.",
    "else if (this.#stood.includes(keyOf(token))) continue;",
    "",
  ),
  mutantsOf("bridge/guard-session.ts")(
    "Gladia",
    { troubles: ["nonsense"], count: 3 },
    "Who talks nonsense once is left for good.",
    'verdict: { kind: "temporary", detail }',
    'verdict: { kind: "final", detail }',
  ),

  // The end
  unanswered(
    "Deepgram",
    DISMISSALS,
    "A service that closes the connection has said everything.",
    "return this.#terms.wordsWithinMs === undefined ? this.isSaid : this.isBetweenSegments;",
    "return true;",
  ),
  leg(
    "Speechmatics",
    CALM,
    "The end does not wait for the service's last words.",
    `    this.#phase = "finishing";\n`,
    `    this.#phase = "finishing";\n    this.#finishNow();\n`,
  ),
  standIn(
    "Gladia",
    CALM,
    "The service is not told that the stream ends.",
    "        else this.#current.finish();\n",
    "",
  ),
  mutantsOf("deepgram-flux.ts")(
    "Deepgram Flux",
    CALM,
    "What was said last is dropped, because no turn ended.",
    "return isEnd && turn !== undefined ? [{ ...turn, final: true }] : [];",
    "return [];",
  ),
  mutantsOf("sherpa-onnx.ts")(
    "sherpa-onnx",
    CALM,
    "What was said last is dropped, because it was never called final.",
    "return open === undefined ? [] : [{ ...open, final: true }];",
    "return [];",
  ),
  mutantsOf("speechmatics.ts")(
    "Speechmatics",
    CALM,
    "The end names another message than the last one.",
    "last_seq_no: this.#messages }",
    "last_seq_no: this.#messages - 1 }",
  ),
  mutantsOf("vosk.ts")(
    "Vosk",
    CALM,
    "The end is written as JSON is, and not as the server compares it.",
    `endMessage = '{"eof" : 1}'`,
    `endMessage = '{"eof":1}'`,
  ),
  mutantsOf("whisper-live.ts")(
    "WhisperLive",
    CALM,
    "No silence follows the last word, in which the server would understand it.",
    "return [new Uint8Array(LAST_SILENCE_SEC * SAMPLE_RATE * 4)];",
    "return [];",
  ),
];

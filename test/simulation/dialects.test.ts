import { describe, expect, it } from "vitest";
import { assemblyAIDialect } from "../../src/dialects/assemblyai.js";
import { deepgramDialect } from "../../src/dialects/deepgram.js";
import { deepgramFluxDialect } from "../../src/dialects/deepgram-flux.js";
import type { Dialect } from "../../src/dialects/dialect.js";
import { elevenLabsDialect } from "../../src/dialects/elevenlabs.js";
import { gladiaDialect } from "../../src/dialects/gladia.js";
import { openAIDialect } from "../../src/dialects/openai.js";
import { sherpaOnnxDialect } from "../../src/dialects/sherpa-onnx.js";
import { sonioxDialect } from "../../src/dialects/soniox.js";
import { speechmaticsDialect } from "../../src/dialects/speechmatics.js";
import { voskDialect } from "../../src/dialects/vosk.js";
import { whisperLiveDialect } from "../../src/dialects/whisper-live.js";
import { AssemblyAIService } from "../support/dialects/assemblyai-service.js";
import { DeepgramService } from "../support/dialects/deepgram-service.js";
import { DialectRun } from "../support/dialects/dialect-run.js";
import { ElevenLabsService } from "../support/dialects/elevenlabs-service.js";
import { FluxService } from "../support/dialects/flux-service.js";
import { GladiaService } from "../support/dialects/gladia-service.js";
import { OpenAIService } from "../support/dialects/openai-service.js";
import { scriptWord } from "../support/dialects/scripted-recogniser.js";
import { SherpaService } from "../support/dialects/sherpa-service.js";
import { SonioxService } from "../support/dialects/soniox-service.js";
import type { SpeechService } from "../support/dialects/speech-service.js";
import { SpeechmaticsService } from "../support/dialects/speechmatics-service.js";
import { VoskService } from "../support/dialects/vosk-service.js";
import { WhisperLiveService } from "../support/dialects/whisper-live-service.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../support/stamped-audio.js";
import { Rng } from "./rng.js";
import { VirtualTime } from "./virtual-time.js";

interface Subject {
  readonly dialect: Dialect;
  readonly service: SpeechService;
  /** Asked before each connection. */
  readonly token?: () => string;
  readonly sampleRate?: number;
  /** Whether the service gives no times of words. */
  readonly hasNoWords?: boolean;
}

const ADDRESS = "ws://service.test/";

function counter(): () => string {
  let count = 0;
  return () => `token ${++count}`;
}

/** Sessions that end within the run. */
const SHORT_SESSION = { sessionMs: 25_000 };

const SUBJECTS: Readonly<Record<string, () => Subject>> = {
  Vosk: () => ({ dialect: voskDialect(ADDRESS), service: new VoskService() }),
  Deepgram: () => ({ dialect: deepgramDialect({ url: ADDRESS }), service: new DeepgramService(), token: counter() }),
  "Deepgram Flux": () => ({
    dialect: deepgramFluxDialect({ url: ADDRESS }),
    service: new FluxService(),
    token: counter(),
  }),
  AssemblyAI: () => ({
    dialect: assemblyAIDialect({ url: ADDRESS, ...SHORT_SESSION }),
    service: new AssemblyAIService(SHORT_SESSION),
    token: counter(),
  }),
  "AssemblyAI, formatted": () => ({
    dialect: assemblyAIDialect({ url: ADDRESS, query: { format_turns: true } }),
    service: new AssemblyAIService(),
    token: counter(),
  }),
  Speechmatics: () => ({ dialect: speechmaticsDialect({ url: ADDRESS }), service: new SpeechmaticsService() }),
  Soniox: () => ({ dialect: sonioxDialect({ url: ADDRESS }), service: new SonioxService() }),
  Gladia: () => {
    const service = new GladiaService();
    return { dialect: gladiaDialect(), service, token: () => `${ADDRESS}?token=${service.createJob()}` };
  },
  OpenAI: () => ({
    dialect: openAIDialect({ url: ADDRESS }),
    service: new OpenAIService(),
    sampleRate: 24_000,
    hasNoWords: true,
  }),
  ElevenLabs: () => ({
    dialect: elevenLabsDialect({ url: ADDRESS }),
    service: new ElevenLabsService(),
    token: counter(),
  }),
  WhisperLive: () => ({
    dialect: whisperLiveDialect(ADDRESS, SHORT_SESSION),
    service: new WhisperLiveService(SHORT_SESSION),
    hasNoWords: true,
  }),
  "sherpa-onnx": () => ({ dialect: sherpaOnnxDialect(ADDRESS), service: new SherpaService(), hasNoWords: true }),
};

/** Samples of one frame, within which times have to be right. */
const FRAME = 320;
const SEEDS = Number(process.env.LX_DIALECT_SEEDS ?? 3);
const FIRST_SEED = Number(process.env.LX_DIALECT_FIRST_SEED ?? 0);

type Trouble = "cut" | "black hole" | "refused" | "probe";

function simulate(makeSubject: () => Subject, seed: number): { readonly run: DialectRun; readonly expected: string[] } {
  const rng = new Rng(seed);
  const time = new VirtualTime(rng);
  const run = new DialectRun({ time, rng, ...makeSubject() });
  const troubles: Readonly<Record<Trouble, () => void>> = {
    cut: () => run.cut(),
    "black hole": () => run.swallow(),
    probe: () => run.probe(),
    refused: () => {
      run.isRefusing = true;
      run.cut();
      time.after(rng.between(100, 8_000), () => {
        run.isRefusing = false;
      });
    },
  };
  run.start();
  const lengthMs = rng.between(20_000, 60_000);
  const count = rng.whole(0, 5);
  for (let n = 0; n < count; n += 1)
    time.at(rng.between(0, lengthMs + 2_000), troubles[rng.pick(Object.keys(troubles) as Trouble[])]);
  time.at(lengthMs, () => run.close());
  time.run(lengthMs + 120_000);
  const words = Math.floor((run.captured - LOUD_SAMPLES) / CYCLE_SAMPLES) + 1;
  return { run, expected: Array.from({ length: words }, (_, n) => scriptWord(n)) };
}

/** Words that are not where they were spoken. */
function misplacedIn({ finals }: DialectRun): string[] {
  return finals.flatMap(({ words }) =>
    words.flatMap((word) => {
      const at = Number(word.text.slice(1)) * CYCLE_SAMPLES;
      const isRight = Math.abs(word.from - at) <= FRAME && Math.abs(word.to - (at + LOUD_SAMPLES)) <= FRAME;
      return isRight ? [] : [JSON.stringify(word)];
    }),
  );
}

describe.each(Object.entries(SUBJECTS))("%s", (_name, makeSubject) => {
  it.each(Array.from({ length: SEEDS }, (_, n) => FIRST_SEED + n))(
    "has each word once, in order and in its place, in spite of cuts and silence, seed %i",
    (seed) => {
      const { run, expected } = simulate(makeSubject, seed);
      expect(run.ended).toBe("ended");
      expect(run.finals.flatMap(({ text }) => text.split(" "))).toEqual(expected);
      if (makeSubject().hasNoWords !== true) {
        expect(run.finals.flatMap(({ words }) => words.map(({ text }) => text))).toEqual(expected);
        expect(misplacedIn(run)).toEqual([]);
      }
      expect([run.openRemotes, Array.from(run.partials)]).toEqual([0, []]);
      expect(run.events.filter(({ type }) => type === "drop")).toEqual([]);
    },
  );
});

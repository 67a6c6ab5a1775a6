import { assemblyAIDialect } from "../../../src/dialects/assemblyai.js";
import { deepgramDialect } from "../../../src/dialects/deepgram.js";
import { deepgramFluxDialect } from "../../../src/dialects/deepgram-flux.js";
import type { Dialect } from "../../../src/dialects/dialect.js";
import { elevenLabsDialect } from "../../../src/dialects/elevenlabs.js";
import { gladiaDialect } from "../../../src/dialects/gladia.js";
import { openAIDialect } from "../../../src/dialects/openai.js";
import { sherpaOnnxDialect } from "../../../src/dialects/sherpa-onnx.js";
import { sonioxDialect } from "../../../src/dialects/soniox.js";
import { speechmaticsDialect } from "../../../src/dialects/speechmatics.js";
import { voskDialect } from "../../../src/dialects/vosk.js";
import { whisperLiveDialect } from "../../../src/dialects/whisper-live.js";
import { AssemblyAIService } from "./assemblyai-service.js";
import { DeepgramService } from "./deepgram-service.js";
import { ElevenLabsService } from "./elevenlabs-service.js";
import { FluxService } from "./flux-service.js";
import { GladiaService } from "./gladia-service.js";
import { OpenAIService } from "./openai-service.js";
import { SherpaService } from "./sherpa-service.js";
import { SonioxService } from "./soniox-service.js";
import type { SpeechService } from "./speech-service.js";
import { SpeechmaticsService } from "./speechmatics-service.js";
import { VoskService } from "./vosk-service.js";
import { WhisperLiveService } from "./whisper-live-service.js";

/** A dialect, and a service that speaks it. */
export interface DialectSubject {
  readonly dialect: Dialect;
  readonly service: SpeechService;
  /** Asked before each connection. */
  readonly token?: () => string;
  readonly sampleRate?: number;
  /** Whether the service gives no times of words. */
  readonly hasNoWords?: boolean;
  /** Whether each answer is counted, so that one that comes again counts as the next. */
  readonly countsAnswers?: boolean;
  /** Whether the service closes with code 1000 when it has said everything, and says nothing of it. */
  readonly endsByClosing?: boolean;
}

/** Where services are when there is no network. */
const ADDRESS = "ws://service.test/";

function counter(): () => string {
  let count = 0;
  return () => `token-${++count}`;
}

/** Sessions that end within the run. */
const SHORT_SESSION = { sessionMs: 25_000 };

export const DIALECT_SUBJECTS: Readonly<Record<string, (address?: string) => DialectSubject>> = {
  Vosk: (address = ADDRESS) => ({ dialect: voskDialect(address), service: new VoskService(), countsAnswers: true }),
  Deepgram: (address = ADDRESS) => ({
    dialect: deepgramDialect({ url: address }),
    service: new DeepgramService(),
    token: counter(),
  }),
  "Deepgram Flux": (address = ADDRESS) => ({
    dialect: deepgramFluxDialect({ url: address }),
    service: new FluxService(),
    token: counter(),
    endsByClosing: true,
  }),
  "Deepgram Flux, without times": (address = ADDRESS) => ({
    dialect: deepgramFluxDialect({ url: address }),
    service: new FluxService(false),
    token: counter(),
    endsByClosing: true,
    hasNoWords: true,
  }),
  AssemblyAI: (address = ADDRESS) => ({
    dialect: assemblyAIDialect({ url: address, ...SHORT_SESSION }),
    service: new AssemblyAIService(SHORT_SESSION),
    token: counter(),
  }),
  "AssemblyAI, formatted": (address = ADDRESS) => ({
    dialect: assemblyAIDialect({ url: address, query: { format_turns: true } }),
    service: new AssemblyAIService(),
    token: counter(),
  }),
  Speechmatics: (address = ADDRESS) => ({
    dialect: speechmaticsDialect({ url: address }),
    service: new SpeechmaticsService(),
  }),
  Soniox: (address = ADDRESS) => ({ dialect: sonioxDialect({ url: address }), service: new SonioxService() }),
  Gladia: (address = ADDRESS) => {
    const service = new GladiaService();
    const token = (): string => `${address}?token=${service.createJob()}`;
    return { dialect: gladiaDialect(), service, token, endsByClosing: true };
  },
  OpenAI: (address = ADDRESS) => ({
    dialect: openAIDialect({ url: address }),
    service: new OpenAIService(),
    sampleRate: 24_000,
    hasNoWords: true,
  }),
  ElevenLabs: (address = ADDRESS) => ({
    dialect: elevenLabsDialect({ url: address }),
    service: new ElevenLabsService(),
    token: counter(),
  }),
  WhisperLive: (address = ADDRESS) => ({
    dialect: whisperLiveDialect(address, SHORT_SESSION),
    service: new WhisperLiveService(SHORT_SESSION),
    hasNoWords: true,
  }),
  "sherpa-onnx": (address = ADDRESS) => ({
    dialect: sherpaOnnxDialect(address),
    service: new SherpaService(),
    hasNoWords: true,
  }),
};

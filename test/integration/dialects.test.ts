import { describe, expect, it } from "vitest";
import { WebSocket as NodeWebSocket } from "ws";
import { assemblyAI } from "../../src/dialects/assemblyai.js";
import { deepgram } from "../../src/dialects/deepgram.js";
import { deepgramFlux } from "../../src/dialects/deepgram-flux.js";
import { elevenLabs } from "../../src/dialects/elevenlabs.js";
import { gladia } from "../../src/dialects/gladia.js";
import { openAI } from "../../src/dialects/openai.js";
import { sherpaOnnx } from "../../src/dialects/sherpa-onnx.js";
import { soniox } from "../../src/dialects/soniox.js";
import { speechmatics } from "../../src/dialects/speechmatics.js";
import { vosk } from "../../src/dialects/vosk.js";
import { whisperLive } from "../../src/dialects/whisper-live.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import type { Transport } from "../../src/transport/transport.js";
import { AssemblyAIService } from "../support/dialects/assemblyai-service.js";
import { DeepgramService } from "../support/dialects/deepgram-service.js";
import { ElevenLabsService } from "../support/dialects/elevenlabs-service.js";
import { FluxService } from "../support/dialects/flux-service.js";
import { GladiaService } from "../support/dialects/gladia-service.js";
import { OpenAIService } from "../support/dialects/openai-service.js";
import { scriptWord } from "../support/dialects/scripted-recogniser.js";
import { SherpaService } from "../support/dialects/sherpa-service.js";
import { SonioxService } from "../support/dialects/soniox-service.js";
import { ServiceHost, type SpeechService } from "../support/dialects/speech-service.js";
import { SpeechmaticsService } from "../support/dialects/speechmatics-service.js";
import { VoskService } from "../support/dialects/vosk-service.js";
import { WhisperLiveService } from "../support/dialects/whisper-live-service.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../support/stamped-audio.js";
import { StampedSource } from "../support/stamped-source.js";

interface Subject {
  readonly service: () => SpeechService;
  transport(url: string): Transport;
  readonly options?: (url: string, service: SpeechService) => AudioStreamOptions;
}

// The same interface as the browser's, which its types do not say.
const WebSocket = NodeWebSocket as unknown as typeof globalThis.WebSocket;

function tokens(): AudioStreamOptions {
  let count = 0;
  return { getToken: () => `token-${++count}` };
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  Vosk: { service: () => new VoskService(), transport: (url) => vosk(url, { WebSocket }) },
  Deepgram: {
    service: () => new DeepgramService(),
    transport: (url) => deepgram({ url, WebSocket }),
    options: tokens,
  },
  "Deepgram Flux": {
    service: () => new FluxService(),
    transport: (url) => deepgramFlux({ url, WebSocket }),
    options: tokens,
  },
  AssemblyAI: {
    service: () => new AssemblyAIService(),
    transport: (url) => assemblyAI({ url, WebSocket }),
    options: tokens,
  },
  Speechmatics: {
    service: () => new SpeechmaticsService(),
    transport: (url) => speechmatics({ url, WebSocket }),
    options: tokens,
  },
  Soniox: { service: () => new SonioxService(), transport: (url) => soniox({ url, WebSocket }), options: tokens },
  Gladia: {
    service: () => new GladiaService(),
    transport: () => gladia({ WebSocket }),
    options: (url, service) => ({ getToken: () => `${url}?token=${(service as GladiaService).createJob()}` }),
  },
  OpenAI: {
    service: () => new OpenAIService(),
    transport: (url) => openAI({ url, WebSocket }),
    options: () => ({ ...tokens(), sampleRate: 24_000 }),
  },
  ElevenLabs: {
    service: () => new ElevenLabsService(),
    transport: (url) => elevenLabs({ url, WebSocket }),
    options: tokens,
  },
  WhisperLive: { service: () => new WhisperLiveService(), transport: (url) => whisperLive(url, { WebSocket }) },
  "sherpa-onnx": { service: () => new SherpaService(), transport: (url) => sherpaOnnx(url, { WebSocket }) },
};

/** When the connection is cut, and when the stream ends, in milliseconds of audio. */
const CUT_MS = 3_500;
const END_MS = 7_000;

describe.concurrent("a stream that speaks with a service in its own dialect, over a real connection that is cut", () => {
  it.for(Object.entries(SUBJECTS))(
    "%s: each word once",
    async ([, { service: makeService, transport, options }], { onTestFinished }) => {
      const service = makeService();
      const host = await ServiceHost.listen(service);
      onTestFinished(() => host[Symbol.asyncDispose]());
      const url = `ws://127.0.0.1:${host.port}/`;
      const source = new StampedSource();
      const stream = new AudioStream({ source, transport: transport(url) }, options?.(url, service) ?? {});
      onTestFinished(() => stream.abort());
      const words: string[] = [];
      stream.addEventListener("caption", ({ final, text }) => {
        if (final) words.push(...text.split(" "));
      });
      await stream.start();
      await source.captured(CUT_MS);
      for (const socket of host.sockets) socket.terminate();
      await source.captured(END_MS);
      await stream.close({ timeoutMs: 30_000 });
      expect(await stream.closed).toMatchObject({ outcome: "closed" });
      expect(host.sockets.length).toBeGreaterThan(1);
      const count = Math.floor((source.samplesCaptured - LOUD_SAMPLES) / CYCLE_SAMPLES) + 1;
      expect(words).toEqual(Array.from({ length: count }, (_, n) => scriptWord(n)));
    },
  );
});

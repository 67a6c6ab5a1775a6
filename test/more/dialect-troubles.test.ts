import { beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket as NodeWebSocket } from "ws";
import { assemblyAI } from "../../src/dialects/assemblyai.js";
import { deepgram } from "../../src/dialects/deepgram.js";
import { deepgramFlux } from "../../src/dialects/deepgram-flux.js";
import { dialectTransport } from "../../src/dialects/dialect-transport.js";
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
import { DIALECT_SUBJECTS } from "../support/dialects/dialect-subjects.js";
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
  readonly sampleRate?: number;
  /** What `getToken` returns for the connection of this number; without it, there are no tokens. */
  readonly token?: (service: SpeechService, url: string, count: number) => string;
  /** From now on the service refuses this token. Services whose tokens are good once do so by themselves. */
  readonly revoke?: (service: SpeechService, host: ServiceHost, token: string) => void;
  readonly hasNoWords?: boolean;
  /** Whether a token of before is good once more. */
  readonly isReusable?: boolean;
}

// The same interface as the browser's, which its types do not say.
const WebSocket = NodeWebSocket as unknown as typeof globalThis.WebSocket;

const token = (_service: SpeechService, _url: string, count: number): string => `token-${count}`;
/** The handshake fails, which is all that a browser learns. */
const atTheDoor: Subject["revoke"] = (_service, host, revoked) => {
  host.revoked = revoked;
};
const inTheSession: Subject["revoke"] = (service, _host, revoked) => {
  const others = Array.from({ length: 10 }, (_, n) => `token-${n}`).filter((other) => other !== revoked);
  (service as SonioxService | SpeechmaticsService).valid = new Set(others);
};

const SUBJECTS: Readonly<Record<string, Subject>> = {
  Vosk: { service: () => new VoskService(), transport: (url) => vosk(url, { WebSocket }) },
  Deepgram: {
    ...{ service: () => new DeepgramService(), token, revoke: atTheDoor },
    transport: (url) => deepgram({ url, WebSocket }),
  },
  "Deepgram Flux": {
    ...{ service: () => new FluxService(), token, revoke: atTheDoor },
    transport: (url) => deepgramFlux({ url, WebSocket }),
  },
  AssemblyAI: {
    ...{ service: () => new AssemblyAIService(), token },
    transport: (url) => assemblyAI({ url, WebSocket }),
  },
  Speechmatics: {
    ...{ service: () => new SpeechmaticsService(), token, revoke: inTheSession },
    transport: (url) => speechmatics({ url, WebSocket }),
  },
  Soniox: {
    ...{ service: () => new SonioxService(), token, revoke: inTheSession },
    transport: (url) => soniox({ url, WebSocket }),
  },
  Gladia: {
    ...{ service: () => new GladiaService(), isReusable: true },
    transport: () => gladia({ WebSocket }),
    token: (service, url) => `${url}?token=${(service as GladiaService).createJob()}`,
  },
  OpenAI: {
    ...{ service: () => new OpenAIService(), token, revoke: atTheDoor, sampleRate: 24_000, hasNoWords: true },
    transport: (url) => openAI({ url, WebSocket }),
  },
  ElevenLabs: {
    ...{ service: () => new ElevenLabsService(), token },
    transport: (url) => elevenLabs({ url, WebSocket }),
  },
  WhisperLive: {
    ...{ service: () => new WhisperLiveService(), token, revoke: atTheDoor, hasNoWords: true },
    transport: (url) => whisperLive(url, { WebSocket }),
  },
  "sherpa-onnx": {
    ...{ service: () => new SherpaService(), hasNoWords: true },
    transport: (url) => sherpaOnnx(url, { WebSocket }),
  },
};

/** When the connection is cut in a word, and when the stream ends, in milliseconds of audio. */
const CUT_MS = 3_500;
const END_MS = 6_000;
/** Samples of one frame, within which times have to be right. */
const FRAME_SAMPLES = 320;

interface Spoken {
  readonly text: string;
  readonly from: number;
}

/** What came of a stream. */
interface Outcome {
  readonly finals: readonly string[];
  /** Words that are further than a frame from where they were spoken. */
  readonly misplaced: readonly Spoken[];
  readonly spoken: readonly string[];
  readonly outcome: string;
  readonly host: ServiceHost;
  /** Tokens as they were given. */
  readonly tokens: readonly string[];
}

/** A stream on its way to a service on this machine. */
interface Going {
  readonly source: StampedSource;
  readonly stream: AudioStream;
  readonly host: ServiceHost;
  /** The token given last. */
  latestToken(): string;
}

/** Streams to the service. @param until what happens meanwhile; the stream has started, and is closed afterwards. */
async function streamTo(
  { service: makeService, transport, sampleRate = 16_000, token: makeToken }: Subject,
  prepare: (host: ServiceHost) => void,
  staleConnection: number,
  until: (going: Going, service: SpeechService) => Promise<void>,
): Promise<Outcome> {
  const service = makeService();
  await using host = await ServiceHost.listen(service);
  prepare(host);
  const url = `ws://127.0.0.1:${host.port}/`;
  const source = new StampedSource();
  const tokens: string[] = [];
  const getToken = (): string => {
    const count = tokens.length + 1;
    const last = tokens.at(-1);
    const given = count === staleConnection && last !== undefined ? last : (makeToken?.(service, url, count) ?? "");
    tokens.push(given);
    return given;
  };
  const options: AudioStreamOptions = { sampleRate, ...(makeToken !== undefined && { getToken }) };
  const stream = new AudioStream({ source, transport: transport(url) }, options);
  const [finals, words]: [string[], Spoken[]] = [[], []];
  stream.addEventListener("caption", (caption) => {
    if (!caption.final) return;
    finals.push(...caption.text.split(" "));
    words.push(...caption.words);
  });
  try {
    await stream.start();
    await until({ source, stream, host, latestToken: () => tokens.at(-1) ?? "" }, service);
    await stream.close({ timeoutMs: 30_000 });
    const { outcome } = await stream.closed;
    const count = Math.floor((source.samplesCaptured - LOUD_SAMPLES) / CYCLE_SAMPLES) + 1;
    const spoken = Array.from({ length: count }, (_, n) => scriptWord(n));
    const misplaced = words.filter(
      ({ text, from }) => Math.abs(from - Number(text.slice(1)) * CYCLE_SAMPLES) > FRAME_SAMPLES,
    );
    return { finals, misplaced, spoken, outcome, host, tokens };
  } finally {
    stream.abort();
  }
}

const refusesTokens = ({ token: makeToken, isReusable }: Subject): boolean =>
  makeToken !== undefined && isReusable !== true;

/** Those that were refused are among them. */
const connectionsOf = ({ sockets, refusals }: ServiceHost): number => sockets.length + refusals;

/** Cut while it connects, in the middle of a word, and when its end is being said; and the second token is given once more. */
function withTroubles(subject: Subject): Promise<Outcome> {
  const breakFirst = (host: ServiceHost): void => {
    host.breaks = () => host.sockets.length === 1;
  };
  return streamTo(
    subject,
    breakFirst,
    refusesTokens(subject) ? 3 : 0,
    async ({ source, stream, host, latestToken }, service) => {
      const connected = (count: number): Promise<unknown> =>
        vi.waitUntil(() => connectionsOf(host) >= count, { timeout: 30_000, interval: 20 });
      await connected(2);
      await source.captured(CUT_MS);
      subject.revoke?.(service, host, latestToken());
      for (const socket of host.sockets) socket.terminate();
      await connected(refusesTokens(subject) ? 4 : 3);
      await source.captured(END_MS);
      const before = host.sockets.length;
      void stream.close({ timeoutMs: 30_000 });
      host.breaks = () => host.sockets.length === before;
    },
  );
}

/** When the dialect is to begin another session, and when the service would end it, in milliseconds. */
const SESSION_MS = 3_000;
const LIMIT_MS = 8_000;
const LIMITED_END_MS = 8_400;

/** Longer than the service lets a session last. */
function beyondTheLimit(name: string, { hasNoWords = false }: Subject): Promise<Outcome> {
  const made = DIALECT_SUBJECTS[name]?.();
  if (made === undefined) throw new RangeError(`There is no service ${name}.`);
  const { dialect, service, token: makeToken, sampleRate } = made;
  const subject: Subject = {
    ...{
      service: () => service,
      hasNoWords,
      ...(sampleRate !== undefined && { sampleRate }),
      ...(makeToken !== undefined && { token: makeToken }),
    },
    transport: (url) =>
      dialectTransport(
        {
          ...dialect,
          terms: { ...dialect.terms, sessionMs: SESSION_MS },
          address(request) {
            const { url: elsewhere, protocols } = dialect.address(request);
            return { url: Object.assign(new URL(elsewhere), { host: new URL(url).host }), protocols };
          },
        },
        { WebSocket },
      ),
  };
  const limit = (host: ServiceHost): void => {
    host.limitMs = LIMIT_MS;
  };
  return streamTo(subject, limit, 0, ({ source }) => source.captured(LIMITED_END_MS));
}

describe.concurrent("a stream that speaks with a service in its own dialect, over real connections", () => {
  /** Many at once, since they wait for speech most of the time. Whoever is tried again is alone. */
  const going = new Map<string, Promise<Outcome>>();
  const outcomeOf = (name: string, start: () => Promise<Outcome>): Promise<Outcome> => {
    const first = going.get(name);
    going.delete(name);
    return first ?? start();
  };
  const begin = (name: string, start: () => Promise<Outcome>): void => {
    const outcome = start();
    // The test that awaits it later gets the error.
    outcome.catch(() => {});
    going.set(name, outcome);
  };

  beforeAll(() => {
    for (const [name, subject] of Object.entries(SUBJECTS)) begin(`${name}, troubles`, () => withTroubles(subject));
    const before = Promise.allSettled(going.values());
    for (const [name, subject] of Object.entries(SUBJECTS))
      begin(`${name}, limit`, () => before.then(() => beyondTheLimit(name, subject)));
  });

  it.for(Object.entries(SUBJECTS))(
    "%s: has each word once after three cuts at the worst moments and a token that was refused",
    async ([name, subject]) => {
      const { finals, misplaced, spoken, outcome, host, tokens } = await outcomeOf(`${name}, troubles`, () =>
        withTroubles(subject),
      );
      expect(outcome).toBe("closed");
      expect(finals).toEqual(spoken);
      if (subject.hasNoWords !== true) expect(misplaced).toEqual([]);
      // Refused at the door or in the session, a token that does not hold any more costs one connection.
      expect(connectionsOf(host)).toBeGreaterThanOrEqual(refusesTokens(subject) ? 5 : 4);
      if (refusesTokens(subject)) expect(tokens[2]).toBe(tokens[1]);
    },
  );

  it.for(Object.entries(SUBJECTS))(
    "%s: goes over to the next session before the service ends one, and nobody notices",
    async ([name, subject]) => {
      const { finals, misplaced, spoken, outcome, host } = await outcomeOf(`${name}, limit`, () =>
        beyondTheLimit(name, subject),
      );
      expect(outcome).toBe("closed");
      expect(finals).toEqual(spoken);
      if (subject.hasNoWords !== true) expect(misplaced).toEqual([]);
      expect(host.sockets.length).toBeGreaterThan(1);
      expect(host.overdue).toBe(0);
    },
  );
});

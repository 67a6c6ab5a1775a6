import type {
  AudioStream,
  CloseInfo,
  MicrophoneOptions,
  MicrophoneStreamOptions,
  PauseOptions,
  ReconnectOptions,
  StreamStats,
} from "loquilex";
import type { Playback } from "loquilex/playback";
import type { ScriptablePage } from "../support/engines/engine-page.js";

/** What a stream in a page has told so far, in a form that leaves the page. */
export interface StreamRecord {
  readonly states: string[];
  readonly messages: { readonly t: string; readonly data: unknown }[];
  readonly drops: { readonly from: number; readonly to: number }[];
  readonly warnings: string[];
  /** The reason of each change, and the new device's label. */
  readonly deviceChanges: { readonly reason: string; readonly label: string }[];
  readonly reconnections: { readonly resumed: boolean; readonly replayedFrames: number }[];
}

/** How a stream ended, in a form that leaves the page. */
export interface EndRecord {
  readonly outcome: CloseInfo["outcome"];
  readonly code: string | undefined;
  readonly message: string | undefined;
}

declare global {
  /** The package as a module gives it. */
  var sdk: typeof import("loquilex");
  /** The package as the script tag gives it. */
  var LoquiLex: typeof import("loquilex");
  /** Defined only in a page that loads `/vosk.js`. */
  var vosk: typeof import("loquilex/dialects/vosk").vosk | undefined;
  /** Defined only in a page that has made one. */
  var voice: Playback;
  var stream: AudioStream;
  var streamRecord: StreamRecord;
}

export interface PageStreamOptions extends Pick<MicrophoneStreamOptions, "frameDurationMs" | "heartbeat" | "replay"> {
  readonly reconnect?: ReconnectOptions | false;
  readonly channels?: MicrophoneOptions["channels"];
  readonly deviceId?: string;
  readonly workletUrl?: string;
  readonly workerUrl?: string;
  readonly host?: MicrophoneStreamOptions["host"];
  readonly token?: string;
  /** Speaks with a Vosk server instead of one of LoquiLex. @defaultValue false */
  readonly toVosk?: boolean;
  /** Plays what the server says by the page's global `voice`. @defaultValue false */
  readonly withVoice?: boolean;
}

/** Where streams run unless a test says otherwise: `LX_HOST=page npm run test:browser` tries all of it on the page. */
export const HOST: MicrophoneStreamOptions["host"] = process.env.LX_HOST === "page" ? "page" : "auto";

/** Signal processing of the browser, which would change the sound, switched off. */
export const UNPROCESSED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false } as const;

/** A microphone stream in a page that has the global `sdk`, driven from the test. */
export class PageStream {
  readonly #page: ScriptablePage;

  private constructor(page: ScriptablePage) {
    this.#page = page;
  }

  static async create(page: ScriptablePage, url: string, options: PageStreamOptions = {}): Promise<PageStream> {
    const { channels, deviceId, workletUrl, ...others } = options;
    const microphone = { ...UNPROCESSED, channels, deviceId, workletUrl };
    await page.evaluate(
      async ({ url, options: { token, toVosk, withVoice, ...options } }) => {
        const deadline = performance.now() + 10_000;
        while (!("sdk" in globalThis)) {
          if (performance.now() > deadline) throw new Error("The page has not loaded the SDK. Was it built?");
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        const record: StreamRecord = {
          states: [],
          messages: [],
          drops: [],
          warnings: [],
          deviceChanges: [],
          reconnections: [],
        };
        const getToken = token === undefined ? undefined : () => token;
        const server = toVosk === true && globalThis.vosk !== undefined ? globalThis.vosk(url) : url;
        const stream = sdk.createMicrophoneStream(server, {
          ...options,
          getToken,
          ...(withVoice === true ? { playback: globalThis.voice } : {}),
        });
        stream.addEventListener("statechange", () => record.states.push(stream.state));
        stream.addEventListener("message", ({ data: { t, data } }) => record.messages.push({ t, data }));
        stream.addEventListener("drop", ({ from, to }) => record.drops.push({ from, to }));
        stream.addEventListener("warning", ({ error }) => record.warnings.push(error.code));
        stream.addEventListener("devicechange", ({ reason, track }) => {
          record.deviceChanges.push({ reason, label: track.label });
        });
        stream.addEventListener("reconnected", ({ resumed, replayedFrames }) => {
          record.reconnections.push({ resumed, replayedFrames });
        });
        globalThis.stream = stream;
        globalThis.streamRecord = record;
      },
      { url, options: { host: HOST, ...others, microphone } },
    );
    return new PageStream(page);
  }

  /** Resolves once it streams; rejects as the page's own promise does. */
  start(): Promise<void> {
    return this.#page.evaluate(() => stream.start());
  }

  /** Starts, and resolves with how the stream ended, which it is expected to do by itself. */
  async startAndEnd(): Promise<EndRecord> {
    await this.#page.evaluate(() => {
      stream.start().catch(() => {});
    });
    return this.ended();
  }

  /** Resolves once so much has been captured; rejects when the stream ends before. */
  captured(durationMs: number): Promise<void> {
    return this.#page.evaluate(async (durationMs) => {
      while ((await stream.getStats()).capturedDurationMs < durationMs) {
        if (stream.signal.aborted) throw stream.signal.reason;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }, durationMs);
  }

  pause(options: PauseOptions = {}): Promise<void> {
    return this.#page.evaluate((options) => stream.pause(options), options);
  }

  resume(): Promise<void> {
    return this.#page.evaluate(() => stream.resume());
  }

  mute(muted: boolean): Promise<void> {
    return this.#page.evaluate((muted) => {
      stream.muted = muted;
    }, muted);
  }

  setDevice(deviceId: string): Promise<void> {
    return this.#page.evaluate((deviceId) => stream.setDevice(deviceId), deviceId);
  }

  /** Of the track in use. */
  trackLabel(): Promise<string> {
    return this.#page.evaluate(() => stream.track?.label ?? "");
  }

  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#page.evaluate((options) => stream.close(options), options);
  }

  ended(): Promise<EndRecord> {
    return this.#page.evaluate(async () => {
      const info = await stream.closed;
      const error = info.outcome === "failed" ? info.error : undefined;
      return { outcome: info.outcome, code: error?.code, message: error?.message };
    });
  }

  stats(): Promise<StreamStats> {
    return this.#page.evaluate(() => stream.getStats());
  }

  record(): Promise<StreamRecord> {
    return this.#page.evaluate(() => streamRecord);
  }

  /** Forgets the messages that it has told, so that they are no part of the page's memory. */
  forget(): Promise<void> {
    return this.#page.evaluate(() => {
      streamRecord.messages.length = 0;
    });
  }

  /** Resolves once it is in the state; rejects when it is not within some seconds. */
  reached(state: string): Promise<void> {
    return this.#page.evaluate(async (state) => {
      const deadline = performance.now() + 15_000;
      while (stream.state !== state) {
        if (performance.now() > deadline) throw new Error(`It is ${stream.state}, and not ${state}.`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }, state);
  }

  state(): Promise<string> {
    return this.#page.evaluate(() => stream.state);
  }
}

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { microphone } from "../../src/capture/microphone/microphone.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import type { UrlProvider } from "../../src/transport/transport.js";
import { webSocket } from "../../src/transport/websocket.js";
import { type FakeAudio, installFakeAudio } from "../support/fake-audio.js";
import { FakeSocket } from "../support/fake-socket.js";
import { sine } from "../support/signals.js";

let fake: FakeAudio;
beforeEach(() => {
  fake = installFakeAudio();
  FakeSocket.made.length = 0;
});
afterEach(() => {
  fake.uninstall();
  vi.useRealTimers();
});

const URL_OF_SERVER = "wss://example.org/v1/stream";
/** A tenth of a second of tone. */
const tone = sine(440, 48_000, 4_800, 0.5);

/** Lets everything that waits for nothing but promises happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

class Rig {
  readonly stream: AudioStream;
  /** Aborting it is another way of aborting the stream. */
  readonly controller = new AbortController();
  /** Every call that has not settled, by name. */
  readonly pending: Record<string, Promise<unknown>> = {};

  constructor(options: AudioStreamOptions = {}, url: UrlProvider = URL_OF_SERVER) {
    const transport = webSocket(url, { WebSocket: FakeSocket.asWebSocket() });
    const parts = { source: microphone(), transport };
    this.stream = new AudioStream(parts, { signal: this.controller.signal, ...options });
  }

  call(name: string, promise: Promise<unknown>): void {
    promise.catch(() => {});
    this.pending[name] = promise;
  }

  /** Starts, and stops before the server is reached. */
  async start(): Promise<void> {
    this.call("start()", this.stream.start());
    await settle();
  }

  async streaming(): Promise<void> {
    await this.start();
    FakeSocket.last.accept();
    await settle();
    FakeSocket.last.answer();
    fake.context.render(tone);
    await settle();
    expect(this.stream.state).toBe("streaming");
    delete this.pending["start()"];
  }
}

/** Brings a stream into the state in which it is aborted. */
const STATES: Record<string, () => Promise<Rig>> = {
  "while the person is asked for the microphone": async () => {
    fake.answer = "hold";
    const rig = new Rig();
    await rig.start();
    return rig;
  },
  "while the worklet loads": async () => {
    fake.loading = new Promise(() => {});
    const rig = new Rig();
    await rig.start();
    return rig;
  },
  "while the audio context starts": async () => {
    fake.mayStart = false;
    const rig = new Rig();
    await rig.start();
    return rig;
  },
  "while the token is asked for": async () => {
    const rig = new Rig({ getToken: () => new Promise(() => {}) });
    await rig.start();
    return rig;
  },
  "while the address is asked for": async () => {
    const rig = new Rig({}, () => new Promise(() => {}));
    await rig.start();
    return rig;
  },
  "while the socket connects": async () => {
    const rig = new Rig();
    await rig.start();
    expect(FakeSocket.open).toHaveLength(1);
    return rig;
  },
  "while the server has not answered": async () => {
    const rig = new Rig();
    await rig.start();
    FakeSocket.last.accept();
    await settle();
    expect(FakeSocket.last.messages.map(({ t }) => t)).toEqual(["client.hello"]);
    return rig;
  },
  "while it waits for the next attempt": async () => {
    const rig = new Rig();
    await rig.start();
    FakeSocket.last.drop();
    await settle();
    expect(rig.stream.resources().map(({ resource }) => resource)).toContain("session wake-up");
    return rig;
  },
  "while it streams": async () => {
    const rig = new Rig();
    await rig.streaming();
    rig.call("messages().next()", rig.stream.messages().next());
    return rig;
  },
  "while it resumes": async () => {
    const rig = await reconnected();
    expect(rig.stream.state).toBe("reconnecting");
    expect(FakeSocket.last.messages.map(({ t }) => t)).toEqual(["session.resume"]);
    return rig;
  },
  "while it sends again what was lost": async () => {
    const rig = await reconnected();
    FakeSocket.last.answer(0, 1);
    await settle();
    expect(rig.stream.state).toBe("streaming");
    return rig;
  },
  "while it pauses": async () => {
    const rig = new Rig();
    await rig.streaming();
    fake.node.dead = true;
    rig.call("pause()", rig.stream.pause());
    await settle();
    return rig;
  },
  "while it takes the microphone again": async () => {
    const rig = new Rig();
    await rig.streaming();
    await rig.stream.pause({ releaseDevice: true });
    fake.answer = "hold";
    rig.call("resume()", rig.stream.resume());
    await settle();
    expect(fake.prompts).toHaveLength(2);
    return rig;
  },
  "while it flushes": async () => {
    const rig = new Rig();
    await rig.streaming();
    rig.call("flush()", rig.stream.flush());
    await settle();
    return rig;
  },
  "while it closes, its microphone still delivering": async () => {
    const rig = new Rig();
    await rig.streaming();
    fake.node.dead = true;
    rig.call("close()", rig.stream.close());
    await settle();
    expect(fake.liveTracks).toHaveLength(1);
    return rig;
  },
  "while it closes, the server's last words missing": async () => {
    const rig = new Rig();
    await rig.streaming();
    rig.call("close()", rig.stream.close());
    await settle();
    expect(fake.liveTracks).toEqual([]);
    expect(FakeSocket.open).toHaveLength(1);
    return rig;
  },
};

/** A stream whose connection was cut, and which has a new one that the server has not answered on. */
async function reconnected(): Promise<Rig> {
  const rig = new Rig({ reconnect: { initialDelayMs: 0 } });
  await rig.streaming();
  FakeSocket.last.drop();
  await vi.waitFor(() => expect(FakeSocket.made).toHaveLength(2));
  FakeSocket.last.accept();
  await settle();
  rig.call("flush()", rig.stream.flush());
  await settle();
  return rig;
}

const WAYS: Record<string, (rig: Rig, reason: unknown) => void> = {
  "abort()": ({ stream }, reason) => stream.abort(reason),
  "the stream's signal": ({ controller }, reason) => controller.abort(reason),
};

// mozmorris/react-webcam#238, livekit/components-js#851: an abort during the prompt leaves the microphone on.
// elevenlabs/packages#688, Picovoice/web-voice-processor#5: so do other ends. AssemblyAI/assemblyai-node-sdk#169: calls
// that never settle.
describe.each(Object.entries(WAYS))("%s releases the microphone and the socket inside the call", (_way, abort) => {
  it.each(Object.entries(STATES))("%s, and everything that waits gets its reason", async (_state, arrange) => {
    const rig = await arrange();
    const reason = new Error("enough");
    const prompts = fake.prompts.length;
    const granted = fake.tracks.length;
    const { stream, pending } = rig;
    const { closed } = stream;

    abort(rig, reason);
    expect(fake.liveTracks).toEqual([]);
    expect(fake.openContexts).toEqual([]);
    expect(FakeSocket.open).toEqual([]);
    expect(stream.resources()).toEqual([]);
    expect(stream.state).toBe("closed");
    expect(stream.signal.reason).toBe(reason);

    // What comes after all comes too late.
    if (granted < prompts) fake.prompts.at(-1)?.grant();
    for (const socket of FakeSocket.made) socket.accept();
    await settle();
    expect(fake.liveTracks).toEqual([]);
    expect(FakeSocket.open).toEqual([]);
    for (const [name, promise] of Object.entries(pending)) {
      if (name === "messages().next()") expect(await promise, name).toEqual({ value: undefined, done: true });
      else
        expect(
          await promise.then(
            () => "resolved",
            (error: unknown) => error,
          ),
          name,
        ).toBe(reason);
    }
    expect(await closed).toEqual({ outcome: "aborted", reason });
    await expect(stream.start()).rejects.toBe(reason);
  });
});

it("leaves a track and a context alone that the caller gave, and closes only the socket", async () => {
  const context = new AudioContext();
  const track = fake.newTrack();
  const source = microphone({ track: track.asTrack(), audioContext: context });
  const transport = webSocket(URL_OF_SERVER, { WebSocket: FakeSocket.asWebSocket() });
  const stream = new AudioStream({ source, transport });
  const start = stream.start();
  await settle();
  expect(FakeSocket.open).toHaveLength(1);
  stream.abort();
  await expect(start).rejects.toThrow("aborted");
  expect(track.readyState).toBe("live");
  expect(context.state).toBe("running");
  expect(FakeSocket.open).toEqual([]);
  await context.close();
});

it("starts once however often it is asked, and as one call", async () => {
  const rig = new Rig();
  const first = rig.stream.start();
  const second = rig.stream.start();
  await settle();
  expect(fake.prompts).toHaveLength(1);
  expect(FakeSocket.made).toHaveLength(1);
  rig.stream.abort("over");
  await expect(first).rejects.toBe("over");
  await expect(second).rejects.toBe("over");
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { createTranscript, type Transcript } from "../../src/transcript/transcript.js";
import type { TransportConnectOptions } from "../../src/transport/transport.js";
import { collectGarbage } from "../support/collect-garbage.js";
import { InstantServer } from "../support/instant-server.js";
import { StampedSource } from "../support/stamped-source.js";

/** A logger that the application keeps. */
const logger = { debug: vi.fn(), warn: vi.fn() };
let consoleWarn = vi.spyOn(console, "warn");
beforeEach(() => {
  consoleWarn = vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.clearAllMocks();
});

/** What is left of a stream when the variable that held it is gone. */
interface Remains {
  readonly server: InstantServer;
  /** The stream's own, aborted when it ends. */
  readonly signal: AbortSignal;
}

/** @param use what the application does with it; the stream is forgotten when this returns. */
async function leave(use: (stream: AudioStream) => unknown, options: AudioStreamOptions = {}): Promise<Remains> {
  const server = new InstantServer();
  const stream = new AudioStream({ source: new StampedSource(), transport: server }, { logger, ...options });
  // A listener that refers to the stream is how most applications hear of it.
  stream.addEventListener("statechange", () => stream.state);
  await use(stream);
  return { server, signal: stream.signal };
}

const started = async (stream: AudioStream): Promise<void> => {
  await stream.start();
};

describe("a stream that was forgotten while it ran", () => {
  it("is warned about once, and its source and its connection are released", async () => {
    const { server, signal } = await leave(started);
    expect(signal.aborted).toBe(false);
    await collectGarbage();
    expect(signal.aborted).toBe(true);
    expect(server.closings).toEqual(["1000 aborted"]);
    expect(logger.warn.mock.calls).toEqual([
      [expect.stringContaining("was forgotten while it ran"), { stream: expect.stringMatching(/^stream \d+$/) }],
    ]);
    await collectGarbage();
    expect(logger.warn).toHaveBeenCalledTimes(1);
    expect(consoleWarn).not.toHaveBeenCalled();
  });

  it("is not kept alive by its transcript, also if the application keeps that", async () => {
    let transcript: Transcript | undefined;
    const { signal } = await leave(async (stream) => {
      transcript = createTranscript(stream);
      await stream.start();
    });
    await collectGarbage();
    expect(signal.aborted).toBe(true);
    expect(transcript?.text).toBe("");
  });

  it("is warned about on the console where there is no logger", async () => {
    const { signal } = await leave(started, { logger: undefined });
    await collectGarbage();
    expect(signal.aborted).toBe(true);
    expect(consoleWarn).toHaveBeenCalledTimes(1);
  });

  it("is warned about on the console where the logger was forgotten with it", async () => {
    const { signal } = await leave(started, { logger: { debug() {}, warn() {} } });
    await collectGarbage();
    expect(signal.aborted).toBe(true);
    expect(consoleWarn).toHaveBeenCalledTimes(1);
  });

  it("is noticed although functions that were given to it may refer to it", async () => {
    const forget = async (): Promise<AbortSignal> => {
      const source = new StampedSource();
      const transport = { connect: (options: TransportConnectOptions) => server.connect(options) };
      const server = new InstantServer();
      const getToken = (): string => stream.sessionId;
      const stream: AudioStream = new AudioStream({ source, transport }, { getToken });
      await stream.start();
      return stream.signal;
    };
    const signal = await forget();
    await collectGarbage();
    expect(signal.aborted).toBe(true);
  });

  it("is noticed together with a signal that was forgotten as well", async () => {
    const { signal } = await leave(started, { signal: new AbortController().signal });
    await collectGarbage();
    expect(signal.aborted).toBe(true);
  });
});

describe("a stream is not forgotten", () => {
  it("while a signal that can end it is at hand", async () => {
    const controller = new AbortController();
    const { signal } = await leave(started, { signal: controller.signal });
    await collectGarbage();
    expect(signal.aborted).toBe(false);
    controller.abort();
    expect(signal.aborted).toBe(true);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it("while somebody waits for its end", async () => {
    const ended = vi.fn();
    const { server, signal } = await leave(async (stream) => {
      await stream.start();
      void stream.closed.then(ended);
    });
    await collectGarbage();
    expect(signal.aborted).toBe(false);
    server.say("session.end", { position: 0, reason: "enough" });
    await vi.waitFor(() => expect(ended).toHaveBeenCalled());
  });

  it("while somebody waits for its next message", async () => {
    const messages: unknown[] = [];
    const read = async (stream: AudioStream): Promise<void> => {
      await stream.start();
      void (async () => {
        for await (const { t } of stream.messages()) {
          messages.push(t);
          if (messages.length === 2) break;
        }
      })();
    };
    const { server, signal } = await leave(read);
    for (const seq of [2, 3]) {
      await collectGarbage();
      expect(signal.aborted).toBe(false);
      server.say("status", { stage: "operational" }, seq);
    }
    await vi.waitFor(() => expect(messages).toEqual(["status", "status"]));
    await collectGarbage();
    expect(signal.aborted).toBe(true);
  });

  it("while start() is waited for", async () => {
    const opening = new AbortController();
    const stream = { signal: undefined as AbortSignal | undefined };
    const result = (() => {
      const made = new AudioStream(
        { source: { open: () => new Promise(() => {}) }, transport: new InstantServer() },
        { logger },
      );
      stream.signal = made.signal;
      return made.start({ signal: opening.signal });
    })();
    await collectGarbage();
    expect(stream.signal?.aborted).toBe(false);
    opening.abort(new Error("enough"));
    await expect(result).rejects.toThrow("enough");
  });

  it("once it has ended", async () => {
    await leave(async (stream) => {
      await stream.start();
      stream.abort();
    });
    await collectGarbage();
    expect(logger.warn).not.toHaveBeenCalled();
  });
});

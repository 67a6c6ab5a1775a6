import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { microphone } from "../../src/capture/microphone/microphone.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { webSocket } from "../../src/transport/websocket.js";
import { type FakeAudio, installFakeAudio } from "../support/fake-audio.js";
import { FakeSocket } from "../support/fake-socket.js";
import { settle } from "../support/observed-stream.js";
import { sine } from "../support/signals.js";

let fake: FakeAudio;
beforeEach(() => {
  fake = installFakeAudio();
  FakeSocket.made.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
  fake.uninstall();
  localStorage.clear();
  Reflect.deleteProperty(globalThis, "LOQUILEX_DEBUG");
});

async function stream(options: AudioStreamOptions = {}): Promise<AudioStream> {
  const transport = webSocket("wss://example.org/v1/stream?key=secret", { WebSocket: FakeSocket.asWebSocket() });
  const made = new AudioStream({ source: microphone(), transport }, options);
  const started = made.start();
  await settle();
  FakeSocket.last.accept();
  await settle();
  FakeSocket.last.answer();
  fake.context.render(sine(440, 48_000, 4_800, 0.5));
  await started;
  return made;
}

describe("resources()", () => {
  it("names everything a stream holds, with the part that owns it and its age, oldest first", async () => {
    const running = await stream({ signal: new AbortController().signal });
    const held = running
      .resources()
      .map(({ owner, resource }) => `${owner.replace(/^stream \d+/, "stream")}: ${resource}`);
    expect(held).toEqual(
      expect.arrayContaining([
        "stream/capture/microphone/graph: audio context",
        "stream/capture/microphone/graph/processor: worklet node",
        "stream/capture/microphone/graph/processor: worklet port",
        "stream/capture/microphone/device: microphone track",
        "stream/capture/microphone/graph: microphone source node",
        "stream/session/connection 1/websocket: socket to example.org",
        "stream/session: session wake-up",
        "caller: listener abort",
      ]),
    );
    const ages = running.resources().map(({ ageMs }) => ageMs);
    expect(ages).toEqual([...ages].sort((a, b) => b - a));
    running.abort();
    expect(running.resources()).toEqual([]);
  });

  it("is empty before the start", () => {
    const transport = webSocket("wss://example.org/");
    expect(new AudioStream({ source: microphone(), transport }).resources()).toEqual([]);
  });

  it("lists a microphone that is let go of in a pause no longer, and the connection still", async () => {
    const running = await stream();
    await running.pause({ releaseDevice: true });
    const held = running.resources().map(({ resource }) => resource);
    expect(held).not.toContain("microphone track");
    expect(held).toContain("socket to example.org");
    running.abort();
  });
});

describe("the log", () => {
  it("tells each acquisition and, in the end, the release of each", async () => {
    const logger = { debug: vi.fn(), warn: vi.fn() };
    const running = await stream({ logger });
    const lines = (): string[] => logger.debug.mock.calls.map(([line]) => String(line));
    const of = (type: string): string[] =>
      lines()
        .filter((line) => line.includes(`: ${type} `))
        .map((line) => line.replace(`: ${type} `, ": "));
    expect(lines()).toContainEqual(
      expect.stringMatching(/^stream \d+\/capture\/microphone\/device: acquired microphone track\.$/),
    );
    expect(of("released")).not.toContainEqual(expect.stringContaining("microphone track"));
    running.abort();
    expect(of("released").sort()).toEqual(of("acquired").sort());
    expect(lines().join()).not.toContain("secret");
  });

  it("tells one stream's lines from another's", async () => {
    const logger = { debug: vi.fn(), warn: vi.fn() };
    const first = await stream({ logger });
    const second = await stream({ logger });
    const names = logger.debug.mock.calls.map(([line]) => /^stream \d+/.exec(String(line))?.[0]);
    expect(new Set(names).size).toBe(2);
    first.abort();
    second.abort();
  });

  it("cannot make an acquisition or a release fail", async () => {
    const fails = (): never => {
      throw new Error("the disk of the logger is full");
    };
    const running = await stream({ logger: { debug: fails, warn: fails } });
    expect(running.state).toBe("streaming");
    running.abort();
    expect(fake.liveTracks).toEqual([]);
    expect(FakeSocket.open).toEqual([]);
    expect(await running.closed).toMatchObject({ outcome: "aborted" });
  });

  const switches: [string, () => void][] = [
    ["localStorage", () => localStorage.setItem("loquilex:debug", "1")],
    ["a global variable", () => Object.assign(globalThis, { LOQUILEX_DEBUG: true })],
  ];
  it.each(switches)("goes to the console when %s switches debugging on", async (_name, switchOn) => {
    const debug = vi.spyOn(console, "debug").mockImplementation(() => {});
    switchOn();
    const running = await stream();
    running.abort();
    expect(debug).toHaveBeenCalledWith(expect.stringContaining("acquired microphone track"));
  });

  it("goes nowhere otherwise, and where the page may not even ask", async () => {
    const debug = vi.spyOn(console, "debug").mockImplementation(() => {});
    (await stream()).abort();
    vi.spyOn(window, "localStorage", "get").mockImplementation(() => {
      throw new DOMException("Not in a sandboxed frame.", "SecurityError");
    });
    (await stream()).abort();
    expect(debug).not.toHaveBeenCalled();
  });

  it("goes to the application's logger alone where it has one", async () => {
    const debug = vi.spyOn(console, "debug").mockImplementation(() => {});
    localStorage.setItem("loquilex:debug", "1");
    const logger = { debug: vi.fn(), warn: vi.fn() };
    (await stream({ logger })).abort();
    expect(logger.debug).toHaveBeenCalled();
    expect(debug).not.toHaveBeenCalled();
  });
});

describe("a warning", () => {
  /** What is written to the console when the server cannot be reached. */
  async function shown(options: AudioStreamOptions, listen: boolean): Promise<unknown[][]> {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const transport = webSocket("wss://example.org/v1/stream", { WebSocket: FakeSocket.asWebSocket() });
    const made = new AudioStream({ source: microphone(), transport }, options);
    if (listen) made.addEventListener("warning", () => {});
    made.start().catch(() => {});
    await settle();
    FakeSocket.last.drop();
    await settle();
    made.abort();
    return warn.mock.calls;
  }

  it("is on the console if neither a listener nor a logger is told of it", async () => {
    expect(await shown({}, false)).toEqual([["LoquiLex:", expect.stringContaining("could not be reached")]]);
  });

  it("is left to whoever listens, and to a logger", async () => {
    expect(await shown({}, true)).toEqual([]);
    const logger = { debug: () => {}, warn: vi.fn() };
    expect(await shown({ logger }, false)).toEqual([]);
    expect(logger.warn).toHaveBeenCalled();
  });
});

import { describe, expect, it, vi } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import {
  type CloseInfoEvent,
  type DropEvent,
  ReconnectedEvent,
  ReconnectingEvent,
  type WarningEvent,
} from "../../src/stream/events/events.js";
import { FakeSource, FRAME } from "../support/fake-source.js";
import { FakeTransport } from "../support/fake-transport.js";
import {
  IN_WORKER,
  observedStream,
  passTime,
  rejectionOf,
  runningStream,
  settle,
  stateOf,
  watchStreams,
} from "../support/observed-stream.js";

const watched = watchStreams();

const deviceLost = () => new AudioStreamError("device-lost", "The microphone was unplugged.", { details: undefined });

describe("making a stream", () => {
  it("does nothing: no device, no connection, no timer, no listener", () => {
    const listen = vi.spyOn(EventTarget.prototype, "addEventListener");
    try {
      const source = new FakeSource();
      const transport = new FakeTransport();
      const { signal } = new AbortController();
      const stream = new AudioStream({ source, transport }, { signal, getToken: () => "token" });
      expect(source.calls).toEqual([]);
      expect(transport.connections).toEqual([]);
      expect(vi.getTimerCount()).toBe(0);
      expect(listen).not.toHaveBeenCalled();
      expect(stream.resources()).toEqual([]);
      expect(stream).toMatchObject({ state: "idle", paused: false, track: undefined });
    } finally {
      listen.mockRestore();
    }
  });

  it("refuses options that cannot be, and names them", () => {
    const parts = { source: new FakeSource(), transport: new FakeTransport() };
    expect(() => new AudioStream(parts, { frameDurationMs: 4 })).toThrow(/^frameDurationMs must be from 5 to 200/);
    expect(() => new AudioStream(parts, { reconnect: { factor: 0 } })).toThrow(/^reconnect\.factor must be/);
  });

  it("gives it an unguessable session id of its own, or the application's", () => {
    const parts = { source: new FakeSource(), transport: new FakeTransport() };
    const ids = [new AudioStream(parts).sessionId, new AudioStream(parts).sessionId];
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[1]).not.toBe(ids[0]);
    expect(new AudioStream(parts, { sessionId: "an-unguessable-name" }).sessionId).toBe("an-unguessable-name");
  });
});

describe("starting", () => {
  it("opens the source first, for the format of the options, and then the connection", async () => {
    const { stream, source, transport } = watched(observedStream({ sampleRate: 24_000, frameDurationMs: 40 }));
    source.slow.add("open");
    stream.start().catch(() => {});
    await settle();
    expect(source.options).toMatchObject({
      format: { encoding: "pcm_s16le", sampleRate: 24_000, channelCount: 1 },
      frameDurationMs: 40,
    });
    expect(transport.connections).toEqual([]);
    source.finish("open");
    await settle();
    expect(transport.last.sent[0]).toMatchObject({ t: "client.hello", data: { audio: { sample_rate: 24_000 } } });
    expect(stream.track).toBe(source.track);
  });

  it("opens the source inside the call, so that a click still counts as the user's", () => {
    const { stream, source } = watched(observedStream());
    void stream.start();
    expect(source.calls).toEqual(["open"]);
    expect(stream.state).toBe("starting");
  });

  it("is done when audio flows and the server has answered, not sooner", async () => {
    // webrtc/samples#1028
    const audioFirst = watched(observedStream());
    audioFirst.transport.answers = false;
    const waitsForServer = audioFirst.stream.start();
    await settle();
    audioFirst.source.speak(3);
    expect(await stateOf(waitsForServer)).toBe("pending");
    expect(audioFirst.stream.state).toBe("starting");
    audioFirst.transport.answers = true;
    const [connection] = audioFirst.transport.connections;
    const [hello] = connection?.sent ?? [];
    if (connection === undefined || hello === undefined) throw new Error("Nothing was said.");
    audioFirst.transport.greet(connection, hello);
    await waitsForServer;
    expect(audioFirst.stream.state).toBe("streaming");

    const serverFirst = watched(observedStream());
    const waitsForAudio = serverFirst.stream.start();
    expect(await stateOf(waitsForAudio)).toBe("pending");
    expect(serverFirst.stream.state).toBe("starting");
    serverFirst.source.speak();
    await waitsForAudio;
    expect(serverFirst.stream.state).toBe("streaming");
  });

  it("sends all audio from the first sample, however late the server answers", async () => {
    const { stream, source, transport } = watched(observedStream());
    transport.answers = false;
    void stream.start();
    await settle();
    source.speak(25);
    transport.answers = true;
    const [hello] = transport.last.sent;
    if (hello !== undefined) transport.greet(transport.last, hello);
    await passTime(500);
    expect(transport.last.audio.map(({ position }) => position)).toEqual(
      Array.from({ length: 25 }, (_, n) => n * FRAME),
    );
  });

  it("twice gives the same promise and one source", async () => {
    const { stream, source, transport } = watched(observedStream());
    const first = stream.start();
    const second = stream.start();
    expect(second).toBe(first);
    await settle();
    source.speak();
    await first;
    await stream.start();
    expect(source.calls).toEqual(["open"]);
    expect(transport.connections).toHaveLength(1);
  });

  it("is not possible any more once the stream is closed, closing, failed or aborted", async () => {
    const closed = watched(await runningStream());
    const closing = closed.stream.close();
    await expect(closed.stream.start()).rejects.toMatchObject({ code: "invalid-state", details: { state: "closing" } });
    await closing;
    await expect(closed.stream.start()).rejects.toMatchObject({ code: "invalid-state", details: { state: "closed" } });

    const aborted = watched(observedStream());
    const reason = new Error("never mind");
    aborted.stream.abort(reason);
    await expect(aborted.stream.start()).rejects.toBe(reason);

    const failed = watched(await runningStream());
    const error = deviceLost();
    failed.source.end(error);
    await failed.stream.closed;
    await expect(failed.stream.start()).rejects.toBe(error);
    expect(failed.source.calls).toEqual(["open"]);
  });

  it("fails with the source's own error, and lets go of everything", async () => {
    const { stream, source, transport, heard } = watched(observedStream());
    const error = new AudioStreamError("permission-denied", "The microphone was denied.", { details: undefined });
    source.failing.set("open", error);
    expect(await rejectionOf(stream.start())).toBe(error);
    expect(await stream.closed).toEqual({ outcome: "failed", error });
    expect(transport.connections).toEqual([]);
    expect(source.live).toBe(false);
    expect(heard).toEqual(["starting", "closed", "close"]);
  });

  it("wraps what a source throws that is no error of the SDK", async () => {
    const { stream, source } = watched(observedStream());
    const cause = new RangeError("out of cheese");
    source.failing.set("open", cause);
    const error = await rejectionOf(stream.start());
    expect(error).toMatchObject({ code: "capture-failed", cause });
    expect((error as Error).message).toContain("out of cheese");
  });

  it("fails when the server refuses, with the server's code, and releases the device", async () => {
    // elevenlabs/packages#688
    const { stream, source, transport } = watched(observedStream());
    transport.answers = false;
    const started = stream.start();
    await settle();
    expect(source.live).toBe(true);
    transport.last.lose(4403, "no such plan");
    const error = await rejectionOf(started);
    expect(error).toMatchObject({
      code: "rejected-by-server",
      details: { closeCode: 4403, closeReason: "no such plan" },
    });
    expect(source.live).toBe(false);
    expect(stream.state).toBe("closed");
  });

  // Field report 63.
  it("waits for the first frame of a source that takes its time: only a microphone is expected to begin at once", async () => {
    const { stream, source } = watched(observedStream());
    const started = stream.start();
    await settle();
    await passTime(20_000);
    expect(stream.state).toBe("starting");
    source.speak();
    await started;
    expect(stream.state).toBe("streaming");
  });

  it("takes a pause before the first frame for no failure", async () => {
    const { stream, transport } = watched(observedStream());
    transport.answers = false;
    const started = stream.start();
    await settle();
    await stream.pause();
    await passTime(6_000);
    expect(stream.state).toBe("starting");
    transport.answers = true;
    const [hello] = transport.last.sent;
    if (hello !== undefined) transport.greet(transport.last, hello);
    await started;
    expect(stream.state).toBe("paused");
  });
});

describe("pause and resume", () => {
  it("pass on what is asked, and tell in words what holds", async () => {
    // elevenlabs/packages#675, livekit/client-sdk-js#65
    const { stream, source, states } = watched(await runningStream());
    await stream.pause();
    expect(stream).toMatchObject({ state: "paused", paused: true });
    await stream.resume();
    expect(stream).toMatchObject({ state: "streaming", paused: false });
    await stream.pause({ releaseDevice: true });
    expect(source.calls).toEqual(["open", "pause", "resume", "pause, release"]);
    expect(states).toEqual(["idle", "starting", "streaming", "paused", "streaming", "paused"]);
  });

  it("keeps saying paused until the device is really back", async () => {
    const { stream, source } = watched(await runningStream());
    await stream.pause({ releaseDevice: true });
    source.failing.set("resume", deviceLost());
    await expect(stream.resume()).rejects.toMatchObject({ code: "device-lost" });
    expect(stream).toMatchObject({ state: "paused", paused: true });
    source.failing.clear();
    await stream.resume();
    expect(stream.paused).toBe(false);
  });

  it("a pause outlasts a reconnection", async () => {
    const { stream, transport, states } = watched(await runningStream());
    await stream.pause();
    transport.last.lose();
    await passTime(1_000);
    expect(stream.paused).toBe(true);
    expect(states.slice(3)).toEqual(["paused", "reconnecting", "paused"]);
  });

  it.each(["pause", "resume", "flush"] as const)(
    "%s() is not possible before the start, nor after the end",
    async (call) => {
      const { stream } = watched(observedStream());
      await expect(stream[call]()).rejects.toMatchObject({ code: "invalid-state", details: { state: "idle" } });
      const running = watched(await runningStream());
      await running.stream.close();
      await expect(running.stream[call]()).rejects.toMatchObject({
        code: "invalid-state",
        details: { state: "closed" },
      });
    },
  );

  it("a call's own signal ends that call only", async () => {
    const { stream, source } = watched(await runningStream());
    source.slow.add("flush");
    const controller = new AbortController();
    const flushing = rejectionOf(stream.flush({ signal: controller.signal }));
    controller.abort("enough");
    expect(await flushing).toBe("enough");
    expect(stream.state).toBe("streaming");
    expect(source.live).toBe(true);
    source.finish("flush");
    await passTime(5_000);
  });
});

describe("an interruption of the device", () => {
  it("shows as a state of its own, and ends when the device is back", async () => {
    // WebAudio/web-audio-api#2392
    const { source, states, stream } = watched(await runningStream());
    source.options.onInterrupt("device-muted");
    source.options.onInterrupt("device-muted");
    expect(stream.state).toBe("interrupted");
    source.options.onInterrupt(undefined);
    expect(states.slice(2)).toEqual(["streaming", "interrupted", "streaming"]);
  });

  it("for good fails the stream with the source's error and closes the socket", async () => {
    const { stream, source, transport, heard } = watched(await runningStream());
    const error = deviceLost();
    source.end(error);
    expect(await stream.closed).toEqual({ outcome: "failed", error });
    expect(transport.live).toEqual([]);
    expect(heard.slice(-3)).toEqual(["closing", "closed", "close"]);
  });
});

describe("flushing", () => {
  it("waits until the server has acknowledged what was captured before the call, and not for what came after", async () => {
    const { stream, source, transport } = watched(await runningStream());
    transport.acknowledges = false;
    source.speak(3);
    source.tail = 100;
    const flushing = stream.flush();
    expect(await stateOf(flushing)).toBe("pending");
    const end = source.captured;
    source.speak(2);
    transport.last.acknowledge(end - 1);
    expect(await stateOf(flushing)).toBe("pending");
    transport.last.acknowledge(end);
    expect(await stateOf(flushing)).toBe("resolved");
    expect(source.calls).toContain("flush");
  });

  it("is done at once when everything is acknowledged already", async () => {
    const { stream, source } = watched(await runningStream());
    source.speak(3);
    await stream.flush();
  });

  it("goes on across a reconnection", async () => {
    const { stream, source, transport } = watched(await runningStream());
    transport.acknowledges = false;
    source.speak(3);
    const flushing = stream.flush();
    await settle();
    transport.last.lose();
    transport.acknowledges = true;
    transport.expected = FRAME;
    await passTime(1_000);
    await flushing;
    expect(transport.connections).toHaveLength(2);
  });
});

describe("what the stream tells", () => {
  it("messages of the server, as events and to every reader", async () => {
    const { stream, transport } = watched(await runningStream());
    const events: unknown[] = [];
    stream.addEventListener("message", ({ data }) => events.push(data.t));
    const reader = stream.messages();
    transport.last.say("asr.final", { text: "hello", segment_id: "s1" }, { seq: 1 });
    transport.last.say("weather.now", { rain: true }, { seq: 2 });
    await settle();
    expect(events).toEqual(["asr.final", "weather.now"]);
    expect((await reader.next()).value).toMatchObject({ t: "asr.final", data: { text: "hello" } });
    expect((await reader.next()).value).toMatchObject({ t: "weather.now", data: { rain: true } });
    await reader.return?.();
  });

  it("a lost connection, every attempt, and that it goes on", async () => {
    const { stream, transport, heard } = watched(await runningStream());
    const reconnections: Event[] = [];
    for (const type of ["reconnecting", "reconnected"])
      stream.addEventListener(type, (event) => reconnections.push(event));
    transport.unreachable = new Error("no network");
    transport.last.lose(1006);
    await passTime(800);
    transport.unreachable = undefined;
    await passTime(2_000);
    const [change, ...rest] = heard.slice(2);
    expect(change).toBe("reconnecting");
    expect(rest).toEqual(["reconnecting", "reconnecting", "reconnecting", "streaming", "reconnected"]);
    const [first, second] = reconnections;
    expect(first).toBeInstanceOf(ReconnectingEvent);
    expect(first).toMatchObject({
      attempt: 1,
      delayMs: 250,
      error: { code: "connection-lost", details: { closeCode: 1006 } },
    });
    expect(second).toMatchObject({ attempt: 2, delayMs: 500, error: { code: "connect-failed" } });
    // A browser's socket does not say why it failed.
    if (!IN_WORKER) expect((second as ReconnectingEvent).error.message).toContain("no network");
    const last = reconnections.at(-1);
    expect(last).toBeInstanceOf(ReconnectedEvent);
    expect(last).toMatchObject({ resumed: true, missingAudio: undefined, missingMessages: [] });
    expect((last as ReconnectedEvent).downtimeMs).toBe(1_750);
  });

  it("lost audio, in positions and milliseconds", async () => {
    const { stream, source, transport } = watched(await runningStream({ replay: { maxDurationMs: 1_000 } }));
    const drops: DropEvent[] = [];
    stream.addEventListener("drop", (event) => drops.push(event));
    transport.unreachable = new Error("no network");
    transport.last.lose();
    await settle();
    source.speak(60);
    await passTime(1_000);
    expect(drops.map(({ from, to, durationMs }) => ({ from, to, durationMs }))).toEqual([
      { from: FRAME, to: 11 * FRAME, durationMs: 200 },
    ]);
    expect((await stream.getStats()).droppedDurationMs).toBe(200);
  });

  it("problems that it handles itself, as warnings and to the logger", async () => {
    const logger = { debug: vi.fn(), warn: vi.fn() };
    const { stream, transport } = watched(await runningStream({ logger }));
    const warnings: WarningEvent[] = [];
    stream.addEventListener("warning", (event) => warnings.push(event));
    transport.last.say("server.error", { code: "engine_slow", detail: "Captions come late." });
    await passTime(1_500);
    expect(warnings.map(({ error }) => error.message)).toEqual([expect.stringContaining("engine_slow")]);
    expect(logger.warn).toHaveBeenCalledWith(warnings[0]?.error.message, { code: warnings[0]?.error.code });
  });

  it("its figures, which survive reconnects and the end", async () => {
    const { stream, source, transport } = watched(observedStream());
    expect(await stream.getStats()).toMatchObject({ capturedDurationMs: 0, bufferedBytes: 0, reconnectCount: 0 });
    const started = stream.start();
    await settle();
    source.speak(10);
    await started;
    transport.last.lose();
    await passTime(1_000);
    source.skip(100);
    source.speak(5);
    expect(await stream.getStats()).toMatchObject({
      capturedDurationMs: (15 * FRAME + 100) / 16,
      framesCaptured: 15,
      samplesCaptured: 15 * FRAME,
      acknowledgedDurationMs: (15 * FRAME + 100) / 16,
      bufferedFrames: 0,
      reconnectCount: 1,
      captureGapCount: 1,
      audioLevel: 0.5,
      rmsLevel: 0.25,
    });
    await stream.close();
    expect(await stream.getStats()).toMatchObject({ framesCaptured: 15, reconnectCount: 1, bufferedBytes: 0 });
  });

  it("the round trip to the server", async () => {
    const { stream } = watched(await runningStream());
    expect((await stream.getStats()).roundTripTimeMs).toBeUndefined();
    await passTime(1_000);
    expect((await stream.getStats()).roundTripTimeMs).toBe(0);
  });

  it("no secrets: the logger sees neither token nor session nor audio, only what is acquired and released", async () => {
    // cryostatio/cryostat-legacy#100
    const logger = { debug: vi.fn(), warn: vi.fn() };
    const { stream, source, transport } = watched(
      await runningStream({ logger, getToken: () => "the-secret-token", sessionId: "the-secret-session-id" }),
    );
    source.speak(5);
    transport.last.say("server.error", { code: "engine_slow" });
    await passTime(2_000);
    transport.last.lose();
    await passTime(1_000);
    await stream.close();
    const lines = JSON.stringify([...logger.debug.mock.calls, ...logger.warn.mock.calls]);
    expect(logger.debug.mock.calls.length).toBeGreaterThan(3);
    expect(lines).not.toContain("the-secret");
    expect(lines).not.toContain("payload");
    expect(transport.connections[0]?.sent[0]?.data).toMatchObject({ token: "the-secret-token" });
  });
});

describe("reading messages()", () => {
  it("ends when the stream does, after what is queued", async () => {
    const { stream, transport } = watched(await runningStream());
    const texts: string[] = [];
    const reading = (async () => {
      for await (const message of stream.messages()) texts.push(message.t);
    })();
    transport.last.say("asr.final", { text: "one", segment_id: "s1" });
    transport.last.say("status", {});
    await stream.close();
    await reading;
    expect(texts).toEqual(["asr.final", "status"]);
  });

  it("may be broken off, and then takes no more", async () => {
    const { stream, transport } = watched(await runningStream());
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, "removeEventListener");
    const reader = stream.messages({ signal });
    const reading = (async () => {
      for await (const message of reader) return message.t;
      return undefined;
    })();
    transport.last.say("status", {});
    expect(await reading).toBe("status");
    transport.last.say("status", {});
    expect(await reader.next()).toEqual({ value: undefined, done: true });
    expect(remove).toHaveBeenCalled();
    expect(stream.state).toBe("streaming");
  });

  it("ends with the reason of its own signal, also when that had aborted before", async () => {
    const { stream } = watched(await runningStream());
    const controller = new AbortController();
    const wait = rejectionOf(stream.messages({ signal: controller.signal }).next());
    controller.abort("enough");
    expect(await wait).toBe("enough");
    expect(await rejectionOf(stream.messages({ signal: AbortSignal.abort("late") }).next())).toBe("late");
    expect(stream.state).toBe("streaming");
  });

  it("fails for a reader who leaves more than 10,000 unread", async () => {
    const { stream, transport } = watched(await runningStream());
    const reader = stream.messages();
    for (let n = 0; n <= 10_000; n += 1) transport.last.say("status", n);
    await settle();
    for (let n = 0; n < 10_000; n += 1) expect((await reader.next()).value?.data).toBe(n);
    await expect(reader.next()).rejects.toThrow(RangeError);
  });

  it("is over at once when the stream has ended", async () => {
    const { stream } = watched(await runningStream());
    await stream.close();
    expect(await stream.messages().next()).toEqual({ value: undefined, done: true });
  });
});

describe("the page", () => {
  it("that goes away for good ends the stream inside the event", async () => {
    const { stream, source, transport } = watched(await runningStream());
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
    expect(source.live).toBe(false);
    expect(transport.live).toEqual([]);
    expect(await stream.closed).toMatchObject({ outcome: "aborted", reason: { name: "AbortError" } });
  });

  // Only the session listened for that, and before the start there is none.
  it("that goes away for good before the start takes a warm microphone with it, inside the event", async () => {
    const { stream, source } = watched(observedStream());
    await stream.warmUp();
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
    expect(source.live).toBe(false);
    expect(stream.resources()).toEqual([]);
    expect(await stream.closed).toMatchObject({ outcome: "aborted", reason: { name: "AbortError" } });
  });

  it("that is put away lets go of the connection, keeps the audio, and resumes when it is back", async () => {
    const { stream, source, transport, states } = watched(await runningStream());
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: true }));
    await settle();
    expect(transport.live).toEqual([]);
    source.speak(5);
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    await settle();
    expect(transport.live).toHaveLength(1);
    expect(transport.last.audio.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5].map((n) => n * FRAME));
    expect(stream.state).toBe("streaming");
    expect(states).not.toContain("closed");
  });
});

describe("a close event", () => {
  it("tells how the stream ended, after everything was released", async () => {
    const { stream } = watched(await runningStream());
    const infos: unknown[] = [];
    stream.addEventListener("close", ({ info }: CloseInfoEvent) => infos.push(info, stream.state, stream.resources()));
    await stream.close();
    expect(infos).toEqual([{ outcome: "closed" }, "closed", []]);
  });
});

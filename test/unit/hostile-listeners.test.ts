import { expect, it, vi } from "vitest";
import { createTranscript } from "../../src/transcript/transcript.js";
import { type ObservedStream, observedStream, runningStream, settle } from "../support/observed-stream.js";
import { withUncaught } from "../support/with-uncaught.js";

const EVENTS = [
  "statechange",
  "connectionstatechange",
  "message",
  "caption",
  "reconnecting",
  "reconnected",
  "drop",
  "warning",
  "level",
  "devicechange",
  "close",
];

async function live({ stream, source, transport }: ObservedStream): Promise<void> {
  const passTime = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const started = stream.start();
  await settle();
  source.speak(10);
  await started;
  transport.last.say("status", {});
  transport.last.say("asr.partial", { segment_id: "s1", text: "hello" });
  source.options.onInterrupt("device-muted");
  source.options.onInterrupt(undefined);
  source.options.onDeviceChange(source.track, "requested");
  transport.last.lose();
  await passTime(2_000);
  await stream.pause();
  await stream.resume();
  source.speak(10);
  await stream.flush();
  const closing = stream.close();
  await passTime(6_000);
  await closing;
}

// Field report 62.
it.each<readonly [string, () => unknown]>([
  [
    "throw",
    () => {
      throw new Error("the application's own fault");
    },
  ],
  ["reject", () => Promise.reject(new Error("the application's own fault"))],
])("listeners that %s at every event change nothing in the stream's work", async (_, listener) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    const observed = observedStream();
    const { stream, source, transport, heard } = observed;
    const uncaught = await withUncaught(async () => {
      for (const type of EVENTS) stream.addEventListener(type, listener as () => void);
      await live(observed);
    });
    expect(uncaught.length).toBeGreaterThan(10);
    expect(await stream.closed).toEqual({ outcome: "closed" });
    expect(transport.expected).toBe(source.captured);
    expect(heard.slice(-2)).toEqual(["closed", "close"]);
    expect(stream.resources()).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

it("a transcript gets every caption, and its subscribers every change, whatever other listeners throw", async () => {
  const thrower = (): never => {
    throw new Error("the application's own fault");
  };
  const { stream, transport } = await runningStream();
  const read: string[] = [];
  const changes: string[] = [];
  const uncaught = await withUncaught(async () => {
    stream.addEventListener("message", thrower);
    stream.addEventListener("caption", thrower);
    const transcript = createTranscript(stream);
    transcript.subscribe(thrower);
    transcript.subscribe(() => changes.push(transcript.text));
    const reading = (async () => {
      for await (const { t } of stream.messages()) read.push(t);
    })();
    transport.last.say("asr.partial", { segment_id: "s1", text: "hel" });
    transport.last.say("asr.final", { segment_id: "s1", text: "hello" });
    await stream.close();
    await reading;
  });
  expect(changes).toEqual(["hel", "hello"]);
  expect(read).toEqual(["asr.partial", "asr.final"]);
  expect(uncaught).toHaveLength(6);
});

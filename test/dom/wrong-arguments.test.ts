import { afterEach, describe, expect, it } from "vitest";
import { preloadWorklet } from "../../src/capture/graph/processor/worklet-loader.js";
import { mediaStream } from "../../src/capture/microphone/media-stream.js";
import { watchMicrophones } from "../../src/capture/microphone/microphones.js";
import { samples } from "../../src/capture/samples/samples.js";
import { createMicrophoneStream } from "../../src/microphone-stream.js";
import type { AudioStream } from "../../src/stream/audio-stream.js";
import { showLevel } from "../../src/stream/level-meter.js";
import { webSocket } from "../../src/transport/websocket.js";
import { installFakeAudio } from "../support/fake-audio.js";
import { type ObservedStream, observedStream, rejectionOf, runningStream } from "../support/observed-stream.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

expectNoUnhandledRejections();

const open: ObservedStream[] = [];
afterEach(async () => {
  for (const { stream } of open.splice(0)) {
    stream.abort();
    await stream.closed;
  }
});

/** Values that are no options. */
const NONE = [null, "headset", 7, true, () => {}] as const;

type Call = (stream: AudioStream, wrong: never) => Promise<unknown>;
const WAITING: Readonly<Record<string, Call>> = {
  "warmUp()": (stream, wrong) => stream.warmUp(wrong),
  "start()": (stream, wrong) => stream.start(wrong),
  "pause()": (stream, wrong) => stream.pause(wrong),
  "resume()": (stream, wrong) => stream.resume(wrong),
  "setDevice()": (stream, wrong) => stream.setDevice("headset", wrong),
  "flush()": (stream, wrong) => stream.flush(wrong),
  "close()": (stream, wrong) => stream.close(wrong),
};

describe("what is no options", () => {
  it.each(Object.entries(WAITING))("rejects %s with a TypeError by name, and changes nothing", async (_, call) => {
    const observed = await runningStream();
    open.push(observed);
    for (const wrong of NONE) {
      const reason = await rejectionOf(call(observed.stream, wrong as never));
      expect(reason).toEqual(new TypeError(`options must be an object, and is ${String(wrong)}.`));
    }
    expect(observed.stream.state).toBe("streaming");
    expect(observed.source.calls).toEqual(["open"]);
  });

  it.each(Object.entries(WAITING))("is nothing that undefined would be for %s", async (name, call) => {
    const observed = await runningStream();
    open.push(observed);
    observed.source.hasDevices = true;
    const reason = await call(observed.stream, undefined as never).catch((error: unknown) => error);
    expect(reason, name).not.toBeInstanceOf(TypeError);
  });

  it("is refused at once by everything else that takes options", () => {
    installFakeAudio();
    const { stream } = observedStream();
    const element = document.createElement("div");
    for (const wrong of NONE.map((value) => value as never)) {
      const refusal = new TypeError(`options must be an object, and is ${String(wrong)}.`);
      expect(() => stream.messages(wrong)).toThrow(refusal);
      expect(() => createMicrophoneStream("wss://example.org", wrong)).toThrow(refusal);
      expect(() => webSocket("wss://example.org", wrong)).toThrow(refusal);
      expect(() => mediaStream({} as never, wrong)).toThrow(refusal);
      expect(() => samples([], wrong)).toThrow(refusal);
      expect(() => showLevel(stream, element, wrong)).toThrow(refusal);
      expect(() => watchMicrophones(() => {}, wrong)).toThrow(refusal);
    }
    expect(() => samples([], undefined as never)).toThrow("options must be an object, and is undefined.");
    expect(stream.resources()).toEqual([]);
  });
});

describe("what is no such option", () => {
  it("is refused by the call that takes it", async () => {
    const observed = await runningStream();
    open.push(observed);
    const { stream, source } = observed;
    const refusals = [
      [stream.pause({ releaseDevice: "yes" as never }), "releaseDevice must be true or false, and is yes."],
      [stream.close({ timeoutMs: "5" as never }), "timeoutMs must be a number, and is 5."],
      [stream.close({ signal: null as never }), "signal must be an object of the kind AbortSignal, and is null."],
    ] as const;
    for (const [call, message] of refusals) expect(await rejectionOf(call)).toEqual(new TypeError(message));
    expect(await rejectionOf(stream.close({ timeoutMs: -1 }))).toBeInstanceOf(RangeError);
    expect({ state: stream.state, calls: source.calls }).toEqual({ state: "streaming", calls: ["open"] });
  });

  it("a device is not looked for by what is no id and no constraint", async () => {
    const observed = observedStream();
    open.push(observed);
    observed.source.hasDevices = true;
    const started = observed.stream.start();
    await Promise.resolve();
    for (const wrong of [null, 7, true]) {
      expect(await rejectionOf(observed.stream.setDevice(wrong as never))).toEqual(
        new TypeError(`deviceId must be a string or a constraint, and is ${wrong}.`),
      );
    }
    expect(observed.source.calls).not.toContain("setDevice null");
    observed.stream.abort("over");
    expect(await rejectionOf(started)).toBe("over");
  });

  it("is refused by functions that take other things", async () => {
    const fake = installFakeAudio();
    const { stream } = observedStream();
    const { signal } = new AbortController();
    expect(() => watchMicrophones("list" as never, { signal })).toThrow("callback must be a function, and is string.");
    expect(() => watchMicrophones(() => {}, { signal: {} as never })).toThrow("signal must be an AbortSignal");
    expect(() => showLevel(null as never, document.createElement("div"))).toThrow(
      "stream must be an AudioStream, and is null.",
    );
    expect(() => showLevel(stream, null as never)).toThrow("element must be an HTML element, and is null.");
    expect(() => showLevel(stream, document.createElement("div"), { floorDbfs: "low" as never })).toThrow("floorDbfs");
    expect(await rejectionOf(preloadWorklet(null as never))).toEqual(
      new TypeError("workletUrl must be a URL or a string that is not empty."),
    );
    fake.uninstall();
  });
});

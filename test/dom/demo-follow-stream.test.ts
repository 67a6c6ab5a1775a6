import { AudioStreamError, type CloseInfo, type StreamState, type StreamStats } from "loquilex";
import { Scope } from "loquilex/resources";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { describeEngine, describeQueueDrop, describeReconnection } from "../../examples/demo/describe.js";
import { followStream } from "../../examples/demo/follow-stream.js";
import { type Page, showState } from "../../examples/demo/view.js";
import { SILENCE_ADVICE, STATE_WORDS, UNREACHED_ADVICE } from "../../examples/demo/words.js";
import { openDemoPage, rows, streamStats, textOf } from "../support/demo-page.js";

let page: Page;
beforeEach(() => {
  page = openDemoPage();
});

describe("what the server tells", () => {
  test.each([
    [{ engine: "segmenter", words: false, detail: "This one hears no words." }, "This one hears no words."],
    [
      { engine: "segmenter", words: false, detail: "" },
      "The segmenter engine marks when somebody speaks; it does not write words.",
    ],
    [{ engine: "pocketsphinx", words: true, detail: "" }, "Recognised by pocketsphinx."],
    [{ engine: "x", words: true, detail: "It is slow." }, "Recognised by x. It is slow."],
    [{ engine: "x", words: true }, "Recognised by x."],
  ])("the engine's status %j is said in a sentence", (data, sentence) => {
    expect(describeEngine(data)).toBe(sentence);
  });

  test.each([null, undefined, 3, "x", [], {}, { engine: 1, words: true }, { engine: "x" }])(
    "a status of another shape (%j) is left alone",
    (data) => {
      expect(describeEngine(data)).toBeUndefined();
    },
  );

  test.each([
    [
      { queue: "engine", from: 0, to: 16_000, ms: 1_000 },
      "The recogniser fell behind: 1,000 ms of audio has no captions, and is recorded all the same.",
    ],
    [{ queue: "recording", ms: 20 }, "The server could not record 20 ms of audio."],
    [{ queue: "recording", ms: "<b>" }, "The server could not record some audio."],
    [{ queue: "events", from_seq: 3, to_seq: 4 }, "The server left out captions that it could not send in time."],
    [undefined, "The server left out captions that it could not send in time."],
  ])("what the server dropped, %j, is said in a sentence", (data, sentence) => {
    expect(describeQueueDrop(data)).toBe(sentence);
  });

  test("a reconnection says what could not be saved", () => {
    const event = Object.assign(new Event("reconnected"), {
      resumed: true,
      replayedFrames: 12,
      downtimeMs: 1_500,
      missingAudio: { from: 16_000, to: 32_000 },
      missingMessages: [{ fromSeq: 4, toSeq: 6 }],
    });
    expect(describeReconnection(event)).toEqual([
      "Connected again after 1.5 s. 12 frames follow.",
      "The server no longer has the audio from 00:01.000 to 00:02.000.",
      "3 messages of the server were lost for good.",
    ]);
  });
});

describe("a stream on the page", () => {
  class FakeStream extends EventTarget {
    state: StreamState = "streaming";
    paused = false;
    stats: Partial<StreamStats> = {};
    aborted = false;
    polls = 0;
    end: (info: CloseInfo) => void = () => {};
    readonly closed = new Promise<CloseInfo>((resolve) => {
      this.end = resolve;
    });
    async getStats(): Promise<StreamStats> {
      this.polls += 1;
      return streamStats(this.stats);
    }
    abort(): void {
      this.aborted = true;
    }
    become(state: StreamState): void {
      this.state = state;
      this.dispatchEvent(new Event("statechange"));
    }
    say(data: unknown): void {
      this.dispatchEvent(new MessageEvent("message", { data }));
    }
  }

  let stream: FakeStream;
  let life: Scope;
  beforeEach(() => {
    vi.useFakeTimers();
    stream = new FakeStream();
    life = new Scope({ name: "test" });
    followStream(stream, page, life);
  });
  afterEach(async () => {
    await life.dispose();
    vi.useRealTimers();
  });

  test("its state, captions, engine and losses appear", async () => {
    stream.stats = { capturedDurationMs: 2_000, audioLevel: 0.5 };
    await vi.advanceTimersByTimeAsync(100);
    stream.become("paused");
    stream.say({ v: 1, t: "status", data: { engine: "pocketsphinx", words: true, detail: "" } });
    stream.say({ v: 1, t: "asr.partial", seq: 1, data: { segment_id: "a", text: "hel" } });
    expect(textOf("#partial")).toBe("hel");
    stream.say({ v: 1, t: "asr.final", seq: 2, data: { segment_id: "a", text: "hello", audio: { from: 0, to: 1 } } });
    stream.say({ v: 1, t: "queue.drop", data: {} });
    stream.say({ v: 1, t: "poll.opened", application: true, data: "an application's own" });
    stream.dispatchEvent(Object.assign(new Event("drop"), { from: 0, to: 160, durationMs: 10 }));
    expect(document.body.dataset.state).toBe("paused");
    expect(textOf("#engine")).toBe("Recognised by pocketsphinx.");
    expect(rows(page.finals)).toEqual(["00:00 hello"]);
    expect(textOf("#captured")).toBe("2.0 s");
    expect(rows(page.history)).toEqual([
      "00:02 The server left out captions that it could not send in time.",
      "00:02 10 ms of audio was lost (00:00.000 to 00:00.010).",
    ]);
  });

  test("a first connection that fails is told, with what happens meanwhile", () => {
    stream.become("starting");
    const error = new AudioStreamError("connect-failed", "The server could not be reached.", { details: undefined });
    stream.dispatchEvent(Object.assign(new Event("reconnecting"), { attempt: 1, delayMs: 230, error }));
    expect(textOf("#advice")).toBe(UNREACHED_ADVICE);
    expect(rows(page.history)).toEqual(["00:00 The server could not be reached. Next attempt in 0.2 s."]);
    stream.become("streaming");
    expect(textOf("#advice")).toBe(STATE_WORDS.streaming.advice);
    stream.become("reconnecting");
    stream.dispatchEvent(Object.assign(new Event("reconnecting"), { attempt: 1, delayMs: 230, error }));
    expect(textOf("#advice")).toBe(STATE_WORDS.reconnecting.advice);
  });

  test("an outage has one line, however often the server is tried", () => {
    const error = new AudioStreamError("connect-failed", "The server could not be reached.", { details: undefined });
    for (const attempt of [1, 2, 3, 1]) {
      stream.dispatchEvent(Object.assign(new Event("reconnecting"), { attempt, delayMs: 200 * attempt, error }));
    }
    expect(rows(page.history)).toEqual([
      "00:00 The server could not be reached. Attempt 3 in 0.6 s.",
      "00:00 The server could not be reached. Next attempt in 0.2 s.",
    ]);
  });

  // WebAudio/web-audio-api#2632
  test("sound that the device left out is told once, when it happens", async () => {
    stream.stats = { capturedDurationMs: 1_000, captureGapCount: 1 };
    await vi.advanceTimersByTimeAsync(500);
    expect(rows(page.history)).toEqual(["00:01 The microphone left out a moment of sound."]);
  });

  // livekit/client-sdk-js#584
  test("a microphone that stays silent gets advice, which goes when it is heard", async () => {
    stream.stats = { timestamp: 0 };
    await vi.advanceTimersByTimeAsync(50);
    stream.stats = { timestamp: 5_100 };
    await vi.advanceTimersByTimeAsync(50);
    expect(textOf("#advice")).toBe(SILENCE_ADVICE);
    stream.stats = { timestamp: 5_200, audioLevel: 0.1 };
    await vi.advanceTimersByTimeAsync(50);
    expect(textOf("#advice")).toBe(STATE_WORDS.streaming.advice);
  });

  test("its end by an error is shown, and nothing is polled afterwards", async () => {
    stream.stats = { capturedDurationMs: 3_000, audioLevel: 0.5 };
    stream.become("closed");
    const error = new AudioStreamError("device-lost", "The microphone was unplugged. Plug it in.", {
      details: undefined,
    });
    stream.end({ outcome: "failed", error });
    await vi.advanceTimersByTimeAsync(100);
    expect(textOf("#error")).toContain("The microphone was unplugged. Plug it in.");
    expect(textOf("#captured")).toBe("3.0 s");
    expect(page.level.meter.getAttribute("aria-valuenow")).toBe("-60");
    expect(page.level.peak.style.transform).toBe("translateX(0.0%)");
    const { polls } = stream;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stream.polls).toBe(polls);
    expect(vi.getTimerCount()).toBe(0);
    expect(life.resources()).toEqual([]);
  });

  test("the late end of a stream does not touch the page of the next one", async () => {
    stream.become("closed");
    await life.dispose();
    showState(page, "streaming", false);
    const error = new AudioStreamError("device-lost", "Gone.", { details: undefined });
    stream.end({ outcome: "failed", error });
    await vi.advanceTimersByTimeAsync(100);
    expect(textOf("#error")).toBe("");
    expect(textOf("#state")).toBe("Streaming");
  });

  test("leaving the page for good lets go of the microphone; the back-forward cache does not", () => {
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: true }));
    expect(stream.aborted).toBe(false);
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
    expect(stream.aborted).toBe(true);
  });
});

import { AudioStreamError, type CloseInfo, type ConnectionState, type StreamState, type StreamStats } from "loquilex";
import { Scope } from "loquilex/resources";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { PageElements } from "../../examples/demo/page/page-elements.js";
import { showSituation } from "../../examples/demo/page/show-situation.js";
import { AT_REST } from "../../examples/demo/page/situation.js";
import { describeEngine } from "../../examples/demo/stream/describe-engine.js";
import { followStream, type ShownStream } from "../../examples/demo/stream/follow-stream.js";
import { openDemoPage, rows, streamStats, textOf } from "../support/demo-page.js";

let page: PageElements;
beforeEach(() => {
  page = openDemoPage();
});

describe("what the server recognises with", () => {
  test.each([
    [{ engine: "segmenter", words: false, detail: "This one hears no words." }, "This one hears no words."],
    [
      { engine: "segmenter", words: false, detail: "" },
      "The segmenter engine marks when somebody speaks; it does not write words.",
    ],
    [{ engine: "x", words: true, detail: "It is slow." }, "Recognised by x. It is slow."],
    [{ engine: "x", words: true }, "Recognised by x."],
  ])("%j is said in a sentence", (data, sentence) => {
    expect(describeEngine(data)).toBe(sentence);
  });

  test.each([null, undefined, 3, "x", [], {}, { engine: 1, words: true }, { engine: "x" }])(
    "a status of another shape (%j) is left alone",
    (data) => {
      expect(describeEngine(data)).toBeUndefined();
    },
  );
});

describe("a stream on the page", () => {
  class FakeStream extends EventTarget {
    state: StreamState = "streaming";
    connectionState: ConnectionState = "connected";
    paused = false;
    muted = false;
    stats: Partial<StreamStats> = {};
    polls = 0;
    end: (info: CloseInfo) => void = () => {};
    readonly closed = new Promise<CloseInfo>((resolve) => {
      this.end = resolve;
    });
    readonly signal = new AbortController().signal;
    async getStats(): Promise<StreamStats> {
      this.polls += 1;
      return streamStats(this.stats);
    }
    toPageTime = (position: number): number => position / 16;
    become(state: StreamState): void {
      this.state = state;
      this.connectionState = state === "reconnecting" ? "reconnecting" : "connected";
      this.dispatchEvent(new Event("statechange"));
    }
    tell(type: string, more: object): void {
      this.dispatchEvent(Object.assign(new Event(type), more));
    }
    caption(segmentId: string, text: string, final: boolean): void {
      this.tell("caption", { segmentId, text, final, from: 0, to: 16_000, words: [], replaces: [] });
    }
    say(data: unknown): void {
      this.dispatchEvent(new MessageEvent("message", { data }));
    }
  }

  let stream: FakeStream;
  let life: Scope;
  let refresh: () => void;
  const ends = vi.fn();
  beforeEach(() => {
    vi.useFakeTimers();
    ends.mockClear();
    stream = new FakeStream();
    life = new Scope({ name: "test" });
    refresh = followStream(
      stream as unknown as ShownStream,
      page,
      { source: "microphone", released: () => false, onEnd: ends },
      life,
    );
  });
  afterEach(async () => {
    await life.dispose();
    // With which its transcript ends.
    stream.dispatchEvent(new Event("close"));
    vi.useRealTimers();
  });

  const unreachable = new AudioStreamError("connect-failed", "The server could not be reached.", {
    details: undefined,
  });

  test("its state, captions, engine, figures and losses appear", async () => {
    stream.stats = { capturedDurationMs: 2_000, bytesSent: 1 };
    await vi.advanceTimersByTimeAsync(150);
    stream.say({ v: 1, t: "status", data: { engine: "pocketsphinx", words: true, detail: "" } });
    stream.caption("a", "hel", false);
    expect(textOf("#partial")).toBe("hel");
    stream.caption("a", "hello", true);
    stream.say({ v: 1, t: "poll.opened", application: true, data: "an application's own" });
    stream.tell("drop", { from: 0, to: 160, durationMs: 10 });
    expect(textOf("#engine")).toBe("Recognised by pocketsphinx.");
    expect([rows(page.finals), textOf("#partial")]).toEqual([["00:00 hello"], ""]);
    expect(textOf("#captured")).toBe("2.0 s");
    expect(rows(page.history)).toEqual(["00:02 10 ms of audio was lost (00:00.000 to 00:00.010)."]);
    expect(textOf("#notice")).toBe("10 ms of audio was lost (00:00.000 to 00:00.010).");
    expect(textOf("#first-final")).toMatch(/^\d+\.\d s$/);
  });

  test("a first connection that fails is told, with what happens meanwhile", () => {
    stream.become("starting");
    stream.tell("warning", { error: unreachable });
    stream.tell("reconnecting", { attempt: 1, delayMs: 230, error: unreachable });
    expect(textOf("#advice")).toBe("The server cannot be reached yet.");
    expect(textOf("#notice")).toBe("The server could not be reached.");
    expect(rows(page.history)).toEqual(["00:00 The server could not be reached. Next attempt in 0.2 s."]);
    stream.become("streaming");
    expect([textOf("#advice"), textOf("#notice")]).toEqual(["Speak. Your voice is going to the server.", ""]);
  });

  test("an outage has one line, from its first failure to what became of it", () => {
    stream.become("reconnecting");
    for (const attempt of [1, 2, 3])
      stream.tell("reconnecting", { attempt, delayMs: 200 * attempt, error: unreachable });
    expect(rows(page.history)).toEqual(["00:00 The server could not be reached. Attempt 3 in 0.6 s."]);
    const rescue = { resumed: true, downtimeMs: 10_200, replayedFrames: 12, missingMessages: [] };
    stream.tell("reconnected", rescue);
    expect(rows(page.history)).toEqual(["00:00 Away for 10.2 s, after 3 attempts. 12 frames that waited here follow."]);
    stream.tell("reconnecting", { attempt: 1, delayMs: 200, error: unreachable });
    stream.tell("reconnected", {
      ...{ ...rescue, resumed: false },
      missingAudio: { from: 16_000, to: 32_000 },
      missingMessages: [{ fromSeq: 4, toSeq: 6 }],
    });
    expect(rows(page.history).slice(1)).toEqual([
      "00:00 Away for 10.2 s. The server had lost the session, and goes on with a new one.",
      "00:00 The server no longer has the audio from 00:01.000 to 00:02.000.",
      "00:00 3 messages of the server were lost for good.",
    ]);
  });

  test("what the server drops has one line for each kind, with its sum", () => {
    for (const ms of [1_000, 1_000, 320]) stream.say({ v: 1, t: "queue.drop", data: { queue: "engine", ms } });
    stream.say({ v: 1, t: "queue.drop", data: { queue: "recording", ms: "<b>" } });
    stream.say({ v: 1, t: "queue.drop", data: undefined });
    expect(rows(page.history)).toEqual([
      "00:00 The recogniser fell behind: 2.3 s of audio without captions, recorded all the same.",
      "00:00 The server could not record some audio.",
      "00:00 The server left out captions that it could not send in time.",
    ]);
  });

  test("a microphone that delivers nothing is said to, although the connection is away", async () => {
    stream.stats = { capturedDurationMs: 500, bufferedDurationMs: 500 };
    stream.become("reconnecting");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(textOf("#state")).toBe("Interrupted, reconnecting");
    stream.stats = { capturedDurationMs: 600, bufferedDurationMs: 600 };
    await vi.advanceTimersByTimeAsync(150);
    expect(textOf("#state")).toBe("Reconnecting");
    expect(textOf("#waiting")).toBe("0.6 s wait here for the server.");
  });

  test("a mute is shown when it is set, and a voice that is not heard for it", () => {
    stream.muted = true;
    refresh();
    expect([textOf("#state"), page.mute.getAttribute("aria-pressed")]).toEqual(["Muted", "true"]);
    stream.tell("level", { peakLevel: 0, peakDbfs: Number.NEGATIVE_INFINITY, mutedPeakLevel: 0.2, timestamp: 0 });
    refresh();
    expect(textOf("#advice")).toContain("You are speaking");
  });

  // livekit/client-sdk-js#584
  test("the package's advice is shown, and goes when it does not hold any more", () => {
    const silent = new AudioStreamError("device-silent", "Nothing is heard. Check the switch.", {
      details: { silentMs: 5_000 },
    });
    stream.tell("warning", { error: silent });
    expect(textOf("#notice")).toBe("Nothing is heard. Check the switch.");
    expect(rows(page.history)).toEqual(["00:00 Nothing is heard. Check the switch."]);
    stream.tell("level", { peakLevel: 0.1, peakDbfs: -20, mutedPeakLevel: 0, timestamp: 0 });
    expect(textOf("#notice")).toBe("");
  });

  // WebAudio/web-audio-api#2632
  test("sound that the device left out is told once, when it happens", async () => {
    stream.stats = { capturedDurationMs: 1_000, captureGapCount: 1 };
    await vi.advanceTimersByTimeAsync(500);
    expect(rows(page.history)).toHaveLength(1);
    expect(rows(page.history)[0]).toContain("The microphone left out a moment of sound.");
  });

  test("its end by an error is shown, the last words stay, and nothing is polled afterwards", async () => {
    stream.stats = { capturedDurationMs: 3_000 };
    stream.caption("a", "last words", false);
    stream.become("closed");
    const error = new AudioStreamError("device-lost", "The microphone was unplugged. Plug it in.", {
      details: undefined,
    });
    stream.end({ outcome: "failed", error });
    await vi.advanceTimersByTimeAsync(100);
    expect(textOf("#error")).toContain("The microphone was unplugged. Plug it in.");
    expect([textOf("#captured"), textOf("#partial")]).toEqual(["3.0 s", "last words"]);
    expect(page.level.getAttribute("aria-valuenow")).toBe("-60");
    expect(ends).toHaveBeenCalledOnce();
    const { polls } = stream;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stream.polls).toBe(polls);
    expect(vi.getTimerCount()).toBe(0);
    expect(life.resources()).toEqual([]);
  });

  test("the late end of a stream does not touch the page of the next one", async () => {
    stream.become("closed");
    await life.dispose();
    showSituation(page, { ...AT_REST, state: "streaming", connection: "connected" });
    stream.end({ outcome: "failed", error: unreachable });
    await vi.advanceTimersByTimeAsync(100);
    expect([textOf("#error"), textOf("#state")]).toEqual(["", "Streaming"]);
    expect(ends).not.toHaveBeenCalled();
  });
});

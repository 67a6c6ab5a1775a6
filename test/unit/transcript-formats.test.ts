import { describe, expect, it } from "vitest";
import { joinRecordings } from "../../examples/server/transcripts/join-recordings.js";
import { parseCaptions } from "../../examples/server/transcripts/kept-caption.js";
import {
  type TimedCaption,
  toJsonLines,
  toSubRip,
  toWebVtt,
} from "../../examples/server/transcripts/transcript-formats.js";

const caption = (text: string, from: number, to: number, more: Partial<TimedCaption> = {}): TimedCaption => ({
  ...{ segmentId: text, text, from, to, sampleRate: 16_000, recording: 1 },
  ...more,
});

describe("a transcript with times", () => {
  it("has them from the sample clock, whatever the rate", () => {
    const captions = [caption("one", 0, 8_001), caption("two", 44_100 * 3_725, 44_100 * 3_726, { sampleRate: 44_100 })];
    expect(toWebVtt(captions)).toBe(
      "WEBVTT\n\n00:00:00.000 --> 00:00:00.500\none\n\n01:02:05.000 --> 01:02:06.000\ntwo\n",
    );
    expect(toSubRip(captions)).toBe("1\n00:00:00,000 --> 00:00:00,500\none\n\n2\n01:02:05,000 --> 01:02:06,000\ntwo\n");
    expect(
      toJsonLines(captions)
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        segment_id: "one",
        text: "one",
        from: 0,
        to: 8_001,
        sample_rate: 16_000,
        start_sec: 0,
        end_sec: 8_001 / 16_000,
        recording: 1,
      },
      expect.objectContaining({ text: "two", start_sec: 3_725, end_sec: 3_726 }),
    ]);
  });

  it("goes on beyond a day", () => {
    expect(toSubRip([caption("late", 16_000 * 360_000, 16_000 * 360_001)])).toContain(
      "100:00:00,000 --> 100:00:01,000",
    );
  });

  it("never rounds to the sixtieth second", () => {
    expect(toWebVtt([caption("edge", 959_999, 960_001)])).toContain("00:01:00.000 --> 00:01:00.001");
  });

  it("is in the order of the starts, and has no cue without text or length", () => {
    const captions = [caption("second", 32_000, 32_000), caption("", 100, 200), caption("first", 16_000, 48_000)];
    expect(toWebVtt(captions)).toBe(
      "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nfirst\n\n00:00:02.000 --> 00:00:02.001\nsecond\n",
    );
  });

  it("takes nothing that an engine prints for markup or for another cue", () => {
    const hostile = [caption("<v Boss>you & I --> are </v>", 0, 16_000)];
    expect(toWebVtt(hostile).split("\n")[3]).toBe("&lt;v Boss&gt;you &amp; I --&gt; are &lt;/v&gt;");
    expect(toSubRip(hostile).split("-->")).toHaveLength(2);
  });

  it("is empty, and valid, when nothing was said", () => {
    expect([toWebVtt([]), toSubRip([]), toJsonLines([])]).toEqual(["WEBVTT\n", "", ""]);
  });
});

describe("the captions of several recordings of a session", () => {
  const recording = (number: number, start_position: number, ...spans: readonly [from: number, to: number][]) => ({
    recording: number,
    head: { session_id: "s", encoding: "pcm_s16le" as const, sample_rate: 16_000, channels: 1, start_position },
    captions: spans.map(([from, to]) => ({ segment_id: `${number}`, text: `${number}: ${from}`, from, to })),
  });
  const texts = (...recordings: ReturnType<typeof recording>[]) => joinRecordings(recordings).map(({ text }) => text);

  it("follow each other", () => {
    expect(texts(recording(1, 0, [0, 10], [10, 20]), recording(2, 20, [20, 30]))).toEqual(["1: 0", "1: 10", "2: 20"]);
  });

  it("come once where the audio was sent twice", () => {
    expect(texts(recording(1, 0, [0, 10], [10, 20], [20, 30]), recording(2, 10, [10, 20], [20, 40]))).toEqual([
      ...["1: 0", "2: 10", "2: 20"],
    ]);
  });

  it("keep the one that reaches across the beginning of the next recording", () => {
    expect(texts(recording(1, 0, [0, 25]), recording(2, 10, [12, 20], [25, 40]))).toEqual(["1: 0", "2: 25"]);
  });

  it("are those of the last one if that began anew", () => {
    expect(texts(recording(1, 0, [0, 10], [10, 20]), recording(2, 0, [5, 15]))).toEqual(["2: 5"]);
  });

  it("are those of all of them if a clock was set back before one that goes on where another one ended", () => {
    const [first, second, third] = [recording(1, 20, [20, 30]), recording(2, 0, [0, 10], [10, 20]), recording(3, 10)];
    expect(texts(first, second)).toEqual(["2: 0", "2: 10", "1: 20"]);
    expect(texts(first, second, third)).toEqual(["2: 0", "1: 20"]);
    // What began anew is another life all the same.
    expect(texts(recording(1, 0, [0, 10]), recording(2, 10, [10, 20]), recording(3, 0, [5, 15]))).toEqual(["3: 5"]);
  });

  it("are compared by their time if the rates differ", () => {
    const other = recording(2, 8, [8, 16]);
    expect(
      texts(recording(1, 0, [0, 10], [20, 30]), { ...other, head: { ...other.head, sample_rate: 8_000 } }),
    ).toEqual([...["1: 0", "2: 8"]]);
  });
});

describe("a file of captions", () => {
  it("is read although somebody has written rubbish into it", () => {
    const good = { segment_id: "a", text: "hello", from: 1, to: 2 };
    const lines = [
      '{"session_id":"s","sample_rate":0,"start_position":0}',
      '{"session_id":"s","sample_rate":16000,"start_position":7}',
      ...["null", "7", "[]", "{", "", '{"segment_id":"a","text":"backwards","from":3,"to":2}'],
      ...['{"segment_id":"a","text":"minus","from":-1,"to":2}', '{"segment_id":"a","from":1,"to":2}'],
      JSON.stringify(good),
    ];
    expect(parseCaptions(lines.join("\n"))).toEqual({
      head: { session_id: "s", sample_rate: 16_000, start_position: 7 },
      captions: [good],
    });
  });
});

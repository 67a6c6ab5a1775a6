import { type Caption, type CaptionEvent, createTranscript } from "loquilex";
import { describe, expect, it, vi } from "vitest";
import type { AudioStream } from "../../src/stream/audio-stream.js";
import { runningStream, settle, watchStreams } from "../support/observed-stream.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

expectNoUnhandledRejections();
const watched = watchStreams();

const audio = (from: number, to: number) => ({ audio: { from, to } });

/** A running stream whose server says what the test wants. */
async function captionedStream() {
  const observed = watched(await runningStream());
  const { connections, last } = observed.transport;
  expect(connections).toHaveLength(1);
  const say = async (t: string, segment_id: string, text: string, more: object = {}): Promise<void> => {
    last.say(t, { segment_id, text, ...more });
    await settle();
  };
  return { ...observed, say };
}

const texts = (captions: readonly Caption[]): string[] => captions.map(({ text }) => text);

describe("the caption event", () => {
  it("has a caption's text, segment, positions and words, and says whether it stands", async () => {
    const { stream, say } = await captionedStream();
    const heard: CaptionEvent[] = [];
    stream.addEventListener("caption", (event) => heard.push(event));
    await say("asr.partial", "s1", "good");
    const words = [
      { text: "good", from: 0, to: 100 },
      { text: "morning", from: 120, to: 300 },
    ];
    await say("asr.final", "s1", "good morning", { ...audio(0, 320), words, replaces: ["s0"] });
    expect(heard).toMatchObject([
      { text: "good", final: false, segmentId: "s1", from: undefined, to: undefined, words: [], replaces: [] },
      { text: "good morning", final: true, segmentId: "s1", from: 0, to: 320, words, replaces: ["s0"] },
    ]);
    expect(stream.toPageTime(heard[1]?.from ?? -1)).toBeTypeOf("number");
  });

  it("comes after the message that it was made of, and from no other message", async () => {
    const { stream, transport, say } = await captionedStream();
    const heard: string[] = [];
    stream.addEventListener("message", ({ data }) => heard.push(data.t));
    stream.addEventListener("caption", ({ text }) => heard.push(text));
    await say("asr.final", "s1", "one");
    await say("mt.final", "s1", "eins");
    transport.last.say("status", { engine: "segmenter" });
    transport.last.say("my.words", { text: "mine" });
    await settle();
    expect(heard).toEqual(["asr.final", "one", "mt.final", "status", "my.words"]);
  });
});

describe("a transcript", () => {
  it("replaces what was partial, and keeps what is final", async () => {
    const { stream, say } = await captionedStream();
    const transcript = createTranscript(stream);
    expect(transcript).toMatchObject({ finals: [], partials: [], partial: undefined, text: "" });
    await say("asr.partial", "s1", "good");
    await say("asr.partial", "s1", "good morning");
    expect(transcript.partial).toEqual({
      text: "good morning",
      final: false,
      segmentId: "s1",
      from: undefined,
      to: undefined,
      words: [],
      replaces: [],
    });
    await say("asr.final", "s1", "Good morning.");
    await say("asr.partial", "s1", "too late");
    expect([texts(transcript.finals), transcript.partial]).toEqual([["Good morning."], undefined]);
    await say("asr.partial", "s2", "how are");
    expect(transcript.text).toBe("Good morning. how are");
  });

  it("is in the order of the audio, also if a later segment is final first", async () => {
    const { stream, say } = await captionedStream();
    const transcript = createTranscript(stream);
    await say("asr.partial", "s2", "two", audio(100, 200));
    await say("asr.final", "s3", "three", audio(200, 300));
    await say("asr.final", "s1", "one", audio(0, 100));
    expect(texts(transcript.finals)).toEqual(["one", "three"]);
    expect(transcript.text).toBe("one two three");
    await say("asr.partial", "s4", "four", audio(300, 320));
    expect(texts(transcript.partials)).toEqual(["two", "four"]);
    expect(transcript.partial?.text).toBe("four");
  });

  it("removes what a final caption replaces, and what the server takes back", async () => {
    const { stream, transport, say } = await captionedStream();
    const transcript = createTranscript(stream);
    await say("asr.final", "s1", "one");
    await say("asr.final", "s2", "two");
    await say("asr.partial", "t1", "one two th", { replaces: ["s1", "s2"] });
    expect(texts(transcript.finals)).toEqual(["one", "two"]);
    await say("asr.final", "t1", "One, two, three.", { replaces: ["s1", "s2", "t1"] });
    await say("asr.partial", "t2", "fo");
    expect(transcript.text).toBe("One, two, three. fo");
    transport.last.say("asr.void", { segment_ids: ["t2", "unknown"] });
    await settle();
    expect(transcript.text).toBe("One, two, three.");
    transport.last.say("asr.void", { segment_ids: ["t1"] });
    await settle();
    expect(transcript.text).toBe("");
    await say("asr.partial", "t1", "again");
    expect(transcript.text).toBe("again");
  });

  it("gives the same snapshot until something changes, and keeps the list that did not", async () => {
    const { stream, transport, say } = await captionedStream();
    const { getSnapshot, subscribe } = createTranscript(stream);
    const changed = vi.fn();
    const stop = subscribe(changed);
    const before = getSnapshot();
    transport.last.say("status", {});
    transport.last.say("asr.void", { segment_ids: ["unknown"] });
    await settle();
    expect(getSnapshot()).toBe(before);
    expect(changed).not.toHaveBeenCalled();
    await say("asr.final", "s1", "one");
    const after = getSnapshot();
    expect(before.finals).toEqual([]);
    await say("asr.partial", "s2", "two");
    expect(getSnapshot()).not.toBe(after);
    expect(getSnapshot().finals).toBe(after.finals);
    expect(changed).toHaveBeenCalledTimes(2);
    stop();
    await say("asr.partial", "s2", "two three");
    expect(changed).toHaveBeenCalledTimes(2);
    expect(getSnapshot().partial?.text).toBe("two three");
  });

  it("stays readable after the stream has ended, and listens no more", async () => {
    const { stream, say } = await captionedStream();
    const transcript = createTranscript(stream);
    const remove = vi.spyOn(stream, "removeEventListener");
    await say("asr.final", "s1", "one");
    await stream.close();
    await settle();
    expect(transcript.text).toBe("one");
    expect(remove.mock.calls.map(([type]) => type).sort()).toEqual(["caption", "close", "message"]);
    expect(createTranscript(stream).finals).toEqual([]);
  });

  it("refuses what is no stream, and what is no listener", async () => {
    expect(() => createTranscript({} as AudioStream)).toThrow(/^stream must be an AudioStream/);
    const { stream } = await captionedStream();
    expect(() => createTranscript(stream).subscribe(undefined as never)).toThrow(/^listener must be a function/);
  });
});

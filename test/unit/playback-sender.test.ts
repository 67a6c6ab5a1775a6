import * as protocol from "loquilex/protocol";
import { decodeAudioFrame, PlaybackSender, type PlaybackSenderOptions } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { runSnippet, snippetOf } from "../support/run-snippet.js";

const ACCEPT = ["audio/1", "playback/1"];
const OPEN = { next: 0, heard: 0, interrupts: 0, window: 8_000 };

function rig(options: Partial<PlaybackSenderOptions> = {}) {
  const sender = new PlaybackSender({ sampleRate: 8_000, channels: 1, ...options });
  const said: { t: string; data: object }[] = [];
  const frames: { position: number; sampleCount: number; first: number }[] = [];
  const attach = (accept: readonly string[] = ACCEPT): void =>
    sender.attach(accept, (data) => {
      if (typeof data === "string") {
        const { t, data: fields } = JSON.parse(data);
        said.push({ t, data: fields });
        return;
      }
      const { position, sampleCount, payload } = decodeAudioFrame(data, { encoding: "pcm_s16le", channels: 1 });
      frames.push({ position, sampleCount, first: (payload[0] ?? 0) + 256 * (payload[1] ?? 0) });
    });
  return { sender, said, frames, attach };
}

/** Samples that count from `from`. */
const speech = (count: number, from = 0) =>
  new Uint8Array(Int16Array.from({ length: count }, (_, n) => from + n).buffer);

describe("the server's end of its audio", () => {
  it("says nothing to a client that does not play it", () => {
    const { sender, said, frames, attach } = rig();
    attach(["audio/1"]);
    sender.write(speech(800));
    expect([said, frames]).toEqual([[], []]);
  });

  it("waits for the client, fills its window, and goes on as more is heard", () => {
    const { sender, said, frames, attach } = rig();
    sender.write(speech(12_000));
    sender.end();
    attach();
    expect([said.map(({ t }) => t), frames]).toEqual([["playback.offer"], []]);
    sender.receive({ t: "playback.open", data: OPEN });
    expect(said.at(-1)).toEqual({ t: "playback.start", data: { position: 0, interrupts: 0 } });
    expect(sender.sent).toBe(8_000);
    sender.receive({ t: "playback.ack", data: { heard: 5_000 } });
    expect(sender.sent).toBe(12_000);
    expect(said.at(-1)).toEqual({ t: "playback.end", data: { position: 12_000 } });
    expect(frames.every(({ position, first }) => position === first)).toBe(true);
  });

  it("goes on in the middle of a frame, with the same samples", () => {
    const { sender, frames, attach } = rig();
    sender.write(speech(1_000));
    attach();
    sender.receive({ t: "playback.open", data: OPEN });
    sender.detach();
    frames.length = 0;
    attach();
    sender.receive({ t: "playback.open", data: { ...OPEN, next: 333, heard: 100 } });
    expect(frames[0]).toMatchObject({ position: 333, first: 333 });
    expect(frames.at(-1)).toMatchObject({ position: 960, sampleCount: 40 });
  });

  it("takes no more than may wait, and says so", () => {
    const { sender } = rig({ maxWaitingSec: 1 });
    expect(sender.write(speech(8_000))).toBe(true);
    expect(sender.write(speech(1))).toBe(false);
    expect(sender.waiting).toBe(8_000);
  });

  it("takes no more of a client's window than it may", () => {
    const { sender, attach } = rig({ maxWindowSec: 0.5 });
    sender.write(speech(12_000));
    attach();
    sender.receive({ t: "playback.open", data: { ...OPEN, window: 2 ** 50 } });
    expect(sender.sent).toBe(4_000);
  });

  it("begins where the client stands if it knows nothing of it, and says that something is lost", () => {
    const { sender, said, attach } = rig();
    sender.write(speech(800));
    attach();
    sender.receive({ t: "playback.open", data: { ...OPEN, next: 5_000, heard: 4_000, interrupts: 3 } });
    expect(said.at(-1)).toEqual({ t: "playback.start", data: { position: 5_000, interrupts: 3, gap: true } });
    expect(sender.sent).toBe(5_800);
  });

  it("gives up everything when it is interrupted, and learns what was heard", () => {
    const heard: number[] = [];
    const { sender, said, frames, attach } = rig({ onInterrupt: (position) => heard.push(position) });
    sender.write(speech(12_000));
    attach();
    sender.receive({ t: "playback.open", data: OPEN });
    frames.length = 0;
    sender.receive({ t: "playback.interrupt", data: { heard: 1_234, interrupts: 1 } });
    expect([heard, sender.waiting, frames]).toEqual([[1_234], 0, []]);
    expect(said.at(-1)).toEqual({ t: "playback.start", data: { position: 8_000, interrupts: 1 } });
    sender.write(speech(10, 99));
    expect(frames).toEqual([{ position: 8_000, sampleCount: 10, first: 99 }]);
  });

  it.each<[what: string, how: (parts: ReturnType<typeof rig>) => void, why: string]>([
    [
      "acknowledges too early",
      ({ sender }) => sender.receive({ t: "playback.ack", data: { heard: 0 } }),
      "must follow",
    ],
    [
      "has heard more than it has",
      ({ sender }) => sender.receive({ t: "playback.open", data: { ...OPEN, heard: 1 } }),
      "must not have heard more",
    ],
    [
      "opens twice",
      ({ sender }) => {
        sender.receive({ t: "playback.open", data: OPEN });
        sender.receive({ t: "playback.open", data: OPEN });
      },
      "must come once",
    ],
    [
      "acknowledges what was not sent",
      ({ sender }) => {
        sender.receive({ t: "playback.open", data: OPEN });
        sender.receive({ t: "playback.ack", data: { heard: 801 } });
      },
      "must not go beyond",
    ],
    [
      "skips an interruption",
      ({ sender }) => {
        sender.receive({ t: "playback.open", data: OPEN });
        sender.receive({ t: "playback.interrupt", data: { heard: 0, interrupts: 2 } });
      },
      "must be number 1",
    ],
    [
      "takes back what it has heard",
      ({ sender, attach }) => {
        sender.receive({ t: "playback.open", data: OPEN });
        sender.receive({ t: "playback.ack", data: { heard: 500 } });
        attach();
        sender.receive({ t: "playback.open", data: OPEN });
      },
      "must not take back",
    ],
  ])("takes a client that %s for a liar", (_, how, why) => {
    const parts = rig();
    parts.sender.write(speech(800));
    parts.attach();
    expect(() => how(parts)).toThrow(
      expect.objectContaining({ name: "ShapeError", message: expect.stringContaining(why) }),
    );
  });

  it.each([{ sampleRate: 7_999 }, { sampleRate: 8_000.5 }, { channels: 3 }])("refuses %j", (wrong) => {
    expect(() => rig(wrong)).toThrow(RangeError);
  });

  it("refuses a part of a sample", () => {
    expect(() => rig().sender.write(new Uint8Array(3))).toThrow(RangeError);
  });
});

it("the manual's sender has two seconds to say", async () => {
  const snippet = snippetOf("docs/playback.md", "js", "new PlaybackSender(");
  const code = `${snippet.code}\nexport const waiting = voice.waiting;`;
  const { waiting } = await runSnippet({ ...snippet, code }, { "loquilex/protocol": protocol });
  expect(waiting).toBe(48_000);
});

import { describe, expect, it } from "vitest";
import type { KnownServerMessage } from "../../src/protocol/messages.js";
import { SAMPLE_RATE, SessionRig } from "../support/session-rig.js";

type CaptionType = "asr.partial" | "asr.final" | "mt.partial" | "mt.final";

const seconds = (from: number, to: number) => ({ from: from * SAMPLE_RATE, to: to * SAMPLE_RATE });

/** A session under way, whose server numbers what it says. */
class Captioned extends SessionRig {
  #seq = 0;
  #epoch = 7;

  constructor() {
    super();
    this.connect();
  }

  transcribe(
    t: CaptionType,
    segment_id: string,
    audio: { from: number; to: number } | undefined,
    text = segment_id,
    replaces?: readonly string[],
  ): void {
    this.#seq += 1;
    this.say(t, { text, segment_id, audio, replaces }, { seq: this.#seq });
  }

  /** The server loses its state, and captions the audio again that is sent again. */
  restart(): void {
    this.#seq = 0;
    this.#epoch += 1;
    this.reconnect();
    this.begin(0, { epoch: this.#epoch, reason: "unknown_session" });
  }

  /** What the application got, in order. */
  get told(): unknown[] {
    return this.eventsOf("message").map(({ message }) => {
      const known = message as KnownServerMessage;
      if (known.t === "asr.void" || known.t === "mt.void") return [known.t, ...known.data.segment_ids];
      const { segment_id, replaces } = known.data as { segment_id: string; replaces?: readonly string[] };
      return replaces === undefined ? [known.t, segment_id] : [known.t, segment_id, { replaces }];
    });
  }
}

// cloudflare/agents#1951, own trial, field report 93
describe("captions of audio that is captioned again after the server has lost its state", () => {
  it("are withheld inside what was already finalised, whatever their name", () => {
    const rig = new Captioned();
    rig.transcribe("asr.final", "old-1", seconds(0, 2));
    rig.transcribe("asr.final", "old-2", seconds(2, 4));
    rig.restart();
    rig.transcribe("asr.partial", "new-1", seconds(1, 1.5));
    rig.transcribe("asr.final", "new-1", seconds(1, 3.5));
    rig.transcribe("asr.final", "new-2", seconds(4, 5));
    expect(rig.told).toEqual([
      ["asr.final", "old-1"],
      ["asr.final", "old-2"],
      ["asr.final", "new-2"],
    ]);
    rig.pass(100);
    expect(rig.sentOf("client.ack").at(-1)).toEqual({ ack_seq: 3 });
  });

  it("name what they replace, if they go beyond what was finalised", () => {
    const rig = new Captioned();
    rig.transcribe("asr.final", "old-1", seconds(0, 2));
    rig.transcribe("asr.final", "old-2", seconds(2, 4));
    rig.transcribe("asr.final", "old-3", seconds(4, 4.5));
    rig.restart();
    rig.transcribe("asr.partial", "new-1", seconds(1, 1.9));
    rig.transcribe("asr.partial", "new-1", seconds(3, 5));
    rig.transcribe("asr.final", "new-1", seconds(3, 5));
    expect(rig.told.slice(3)).toEqual([
      ["asr.partial", "new-1", { replaces: ["old-2", "old-3"] }],
      ["asr.final", "new-1", { replaces: ["old-2", "old-3"] }],
    ]);
  });

  it("come, if what they lie in was replaced by a caption that did not reach them", () => {
    const rig = new Captioned();
    rig.transcribe("asr.final", "old-1", seconds(2, 6));
    rig.restart();
    rig.transcribe("asr.final", "new-1", seconds(1, 3));
    rig.transcribe("asr.final", "new-2", seconds(3, 6));
    expect(rig.told.slice(1)).toEqual([
      ["asr.final", "new-1", { replaces: ["old-1"] }],
      ["asr.final", "new-2"],
    ]);
  });

  it("are none of the same lineage: a server may revise its own", () => {
    const rig = new Captioned();
    rig.transcribe("asr.final", "s-1", seconds(0, 2));
    rig.transcribe("asr.final", "s-1", seconds(0, 2), "revised");
    rig.transcribe("asr.final", "s-2", seconds(1, 2));
    expect(rig.told).toHaveLength(3);
    rig.reconnect();
    rig.takeUp(0);
    rig.transcribe("asr.final", "s-3", seconds(1, 2));
    expect(rig.told).toHaveLength(4);
  });

  it("do not name themselves, if both lineages use one name for one stretch of audio", () => {
    const rig = new Captioned();
    rig.transcribe("asr.final", "s-1", seconds(0, 2));
    rig.restart();
    rig.transcribe("asr.final", "s-1", seconds(0, 3));
    expect(rig.told.slice(1)).toEqual([["asr.final", "s-1"]]);
  });

  it("and translations are kept apart", () => {
    const rig = new Captioned();
    rig.transcribe("asr.final", "old-1", seconds(0, 2));
    rig.restart();
    rig.transcribe("asr.final", "new-1", seconds(0, 2));
    rig.transcribe("mt.final", "new-1", seconds(0, 2));
    rig.restart();
    rig.transcribe("mt.final", "newer-1", seconds(0, 2));
    expect(rig.told).toEqual([
      ["asr.final", "old-1"],
      ["mt.final", "new-1"],
    ]);
  });

  it("cannot be told from others without their audio, and come", () => {
    const rig = new Captioned();
    rig.transcribe("asr.final", "old-1", undefined);
    rig.restart();
    rig.transcribe("asr.final", "new-1", undefined);
    rig.transcribe("asr.final", "new-2", seconds(0, 1));
    expect(rig.told).toHaveLength(3);
  });

  it("come once through five restarts", () => {
    const rig = new Captioned();
    const finals = [seconds(0, 1), seconds(1, 3), seconds(3, 4)];
    for (let life = 0; life < 6; life += 1) {
      for (const [index, audio] of finals.entries()) rig.transcribe("asr.final", `${life}-${index}`, audio);
      rig.restart();
    }
    expect(rig.told).toEqual([
      ["asr.final", "0-0"],
      ["asr.final", "0-1"],
      ["asr.final", "0-2"],
    ]);
  });
});

// field report 93
describe("captions that an earlier lineage left open", () => {
  it("are void once a new one begins, and the application is told which, after the reconnection", () => {
    const rig = new Captioned();
    rig.transcribe("asr.partial", "a", seconds(0, 1));
    rig.transcribe("asr.final", "a", seconds(0, 2));
    rig.transcribe("mt.partial", "a", seconds(0, 2));
    rig.transcribe("asr.partial", "b", seconds(2, 3));
    rig.transcribe("asr.partial", "c", undefined);
    rig.restart();
    expect(rig.told.slice(5)).toEqual([
      ["asr.void", "b", "c"],
      ["mt.void", "a"],
    ]);
    expect(rig.events.slice(-3).map(({ type }) => type)).toEqual(["connected", "message", "message"]);
    rig.restart();
    expect(rig.told).toHaveLength(7);
  });

  it("are void as well when only a snapshot names the new epoch", () => {
    const rig = new Captioned();
    rig.transcribe("asr.partial", "a", seconds(0, 1));
    rig.reconnect();
    rig.takeUp(0, { epoch: 8 });
    expect(rig.told.at(-1)).toEqual(["asr.void", "a"]);
  });

  it("stay open when the session is resumed, and may be made void by the server", () => {
    const rig = new Captioned();
    rig.transcribe("asr.partial", "a", seconds(0, 1));
    rig.reconnect();
    rig.takeUp(0);
    rig.say("asr.void", { segment_ids: ["a"] }, { seq: 2 });
    rig.restart();
    expect(rig.told).toEqual([
      ["asr.partial", "a"],
      ["asr.void", "a"],
    ]);
  });

  it("are no longer open once a final one has taken their place", () => {
    const rig = new Captioned();
    rig.transcribe("asr.partial", "a", seconds(0, 1));
    rig.transcribe("asr.partial", "b", seconds(1, 2));
    rig.transcribe("asr.final", "c", seconds(0, 2), "a b", ["a", "b"]);
    rig.restart();
    expect(rig.told).toHaveLength(3);
  });

  it("are remembered as far as the thousand that changed last, so that a server which finishes none costs no memory", () => {
    const rig = new Captioned();
    for (let count = 0; count < 1_500; count += 1) rig.transcribe("asr.partial", `s${count}`, undefined);
    rig.transcribe("asr.partial", "s500", undefined);
    rig.restart();
    const told = rig.told.at(-1) as string[];
    expect(told).toHaveLength(1 + 1_000);
    expect([told[0], told[1], told.at(-2), told.at(-1)]).toEqual(["asr.void", "s501", "s1499", "s500"]);
  });
});

describe("captions that a server has replaced itself", () => {
  it("are not named again by one that replaces what took their place", () => {
    const rig = new Captioned();
    rig.transcribe("asr.final", "a", seconds(0, 1));
    rig.transcribe("asr.final", "b", seconds(0, 2), "b", ["a"]);
    rig.restart();
    rig.transcribe("asr.final", "new", seconds(0, 3));
    expect(rig.told.at(-1)).toEqual(["asr.final", "new", { replaces: ["b"] }]);
  });
});

import { describe, expect, it } from "vitest";
import { Downlink } from "../../src/playback/downlink/downlink.js";
import type { FromPlayer, ToPage, ToPlayer } from "../../src/playback/port-messages.js";
import { encodeAudioFrame } from "../../src/protocol/audio-frame.js";
import type { PlaybackServerData } from "../../src/protocol/playback-messages.js";

const HELLO: FromPlayer = { type: "hello", state: { heard: 0, next: 0, interrupts: 0, answered: 0 } };

function rig() {
  const said: { t: string; data: Record<string, unknown> }[] = [];
  const toPage: ToPage[] = [];
  const toPlayer: ToPlayer[] = [];
  const downlink = new Downlink({
    say: (data) => said.push(JSON.parse(data)),
    toPage: (message) => toPage.push(message),
    toPlayer: (message) => toPlayer.push(message),
  });
  const tell = <T extends keyof PlaybackServerData>(t: T, data: PlaybackServerData[T], live = true): boolean =>
    downlink.receive(JSON.stringify({ v: 1, t, data }), live);
  const offer = (sampleRate = 8_000): boolean =>
    tell("playback.offer", { encoding: "pcm_s16le", sample_rate: sampleRate, channels: 1 });
  const frame = (position: number, sampleCount = 80, more = {}): boolean =>
    downlink.receive(
      encodeAudioFrame({ flags: 0, position, sampleCount, payload: new Uint8Array(2 * sampleCount), ...more }),
      true,
    );
  return { downlink, said, toPage, toPlayer, tell, offer, frame };
}

/** A connection on which the server has begun. */
function begun() {
  const parts = rig();
  parts.offer();
  parts.downlink.hear(HELLO);
  parts.tell("playback.start", { position: 0, interrupts: 0 });
  return parts;
}

describe("the client's end of the server's audio", () => {
  it("asks for a player at the first offer, and lets the server begin once there is one", () => {
    const { downlink, said, toPage, offer } = rig();
    offer();
    expect(toPage).toEqual([{ type: "format", format: { sampleRate: 8_000, channels: 1 } }]);
    expect(said).toEqual([]);
    downlink.hear(HELLO);
    expect(said).toEqual([{ v: 1, t: "playback.open", data: { next: 0, heard: 0, interrupts: 0, window: 80_000 } }]);
  });

  it("goes on after a reconnect where the player stands", () => {
    const { downlink, said, toPage, offer, frame } = begun();
    frame(0);
    downlink.hear({ type: "heard", heard: 40 });
    downlink.left();
    offer();
    expect(toPage).toHaveLength(1);
    expect(said.at(-1)).toMatchObject({ t: "playback.open", data: { next: 80, heard: 40 } });
  });

  it("says what was heard, and nothing while there is no connection", () => {
    const { downlink, said, frame } = begun();
    frame(0);
    downlink.hear({ type: "heard", heard: 40 });
    expect(said.at(-1)).toEqual({ v: 1, t: "playback.ack", data: { heard: 40 } });
    downlink.left();
    downlink.hear({ type: "heard", heard: 80 });
    expect(said.at(-1)).toEqual({ v: 1, t: "playback.ack", data: { heard: 40 } });
  });

  it("gives the player nothing of what is on its way when it is interrupted", () => {
    const { downlink, said, toPlayer, tell, frame } = begun();
    frame(0);
    downlink.hear({ type: "interrupt", heard: 40, interrupts: 1 });
    expect(said.at(-1)).toEqual({ v: 1, t: "playback.interrupt", data: { heard: 40, interrupts: 1 } });
    const before = toPlayer.length;
    frame(80);
    expect(toPlayer).toHaveLength(before);
    tell("playback.start", { position: 160, interrupts: 1 });
    frame(160);
    expect(toPlayer.slice(before).map(({ type }) => type)).toEqual(["start", "samples"]);
  });

  it("tells the page that a server has lost what it had to say, and the player that nothing follows", () => {
    const { downlink, toPage, toPlayer, tell, offer, frame } = begun();
    frame(0);
    downlink.left();
    offer();
    tell("playback.start", { position: 80, interrupts: 0, gap: true });
    expect(toPage.at(-1)).toEqual({ type: "gap", position: 80 });
    expect(toPlayer.slice(-2)).toEqual([{ type: "end" }, { type: "start", position: 80, interrupts: 0 }]);
  });

  it("takes no other format during a session, and goes on without the server's audio", () => {
    const { downlink, said, toPage, offer } = begun();
    downlink.left();
    offer(16_000);
    expect(toPage.at(-1)).toEqual({ type: "mismatch", format: { sampleRate: 16_000, channels: 1 } });
    expect(said).toHaveLength(1);
  });

  it("leaves messages of others to others", () => {
    const { downlink } = begun();
    for (const t of ["asr.final", "playback.of.the.application"]) {
      expect(downlink.receive(JSON.stringify({ v: 1, t, data: { text: '"playback.start"' } }), true)).toBe(false);
    }
    expect(downlink.receive('"playback.', true)).toBe(false);
  });

  it.each<[what: string, how: (parts: ReturnType<typeof rig>) => unknown, why: string]>([
    ["speaks before its answer", ({ tell }) => tell("playback.end", { position: 0 }, false), "must follow the answer"],
    ["sends frames without an offer", () => rig().frame(0), "only after playback.start"],
    ["offers twice", ({ offer }) => offer(), "must come once"],
    ["starts without being asked", ({ tell }) => tell("playback.start", { position: 0, interrupts: 0 }), "must answer"],
    ["leaves a hole", ({ frame }) => frame(80), "must be of position 0"],
    ["repeats a frame", ({ frame }) => frame(0) && frame(0), "must be of position 80"],
    ["sends flags", ({ frame }) => frame(0, 80, { flags: 2 }), "no flags"],
    ["sends a frame of the wrong size", ({ frame }) => frame(0, 80, { payload: new Uint8Array(9) }), "160 bytes"],
    ["floods", ({ frame }) => Array.from({ length: 1_001 }, (_, n) => frame(80 * n)), "window"],
    ["ends elsewhere", ({ tell }) => tell("playback.end", { position: 9 }), "must be where the last frame ends"],
    ["sends a wrong field", ({ tell }) => tell("playback.end", { position: -1 }), "data.position"],
    [
      "skips a position after a reconnect",
      ({ downlink, offer, tell }) => {
        downlink.left();
        offer();
        tell("playback.start", { position: 80, interrupts: 0 });
      },
      "must go on where the client stands",
    ],
    [
      "floods while an interruption is not answered",
      ({ downlink, frame }) => {
        downlink.hear({ type: "interrupt", heard: 0, interrupts: 1 });
        for (let n = 0; n < 1_001; n += 1) frame(80 * n);
      },
      "window",
    ],
    [
      "answers an interruption that never was",
      ({ downlink, tell }) => {
        downlink.hear({ type: "interrupt", heard: 0, interrupts: 1 });
        tell("playback.start", { position: 0, interrupts: 2 });
      },
      "must not answer what was not asked",
    ],
  ])("takes a server that %s for a liar", (_, how, why) => {
    expect(() => how(begun())).toThrow(
      expect.objectContaining({ name: "ShapeError", message: expect.stringContaining(why) }),
    );
  });
});

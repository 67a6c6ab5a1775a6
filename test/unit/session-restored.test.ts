import { describe, expect, it } from "vitest";
import { nextCheckpoint } from "../../src/host/worker/restored.js";
import type { WireAudioFrame } from "../../src/protocol/audio-frame.js";
import { FRAME, positionsFrom, type SessionOverrides, SessionRig } from "../support/session-rig.js";

/** A session that has run for a while: ten frames sent, four acknowledged, three captions delivered; then its worker died. */
function died(options: SessionOverrides = {}): SessionRig {
  const rig = new SessionRig(options);
  rig.connect();
  rig.frames(10);
  rig.ack(4 * FRAME);
  for (const seq of [1, 2, 3]) rig.caption(seq);
  return rig;
}

/** The session that goes on for it, when `captured` samples were captured. */
function goOn(before: SessionRig, captured: number): SessionRig {
  const rig = new SessionRig({ restored: nextCheckpoint(before.session.figures.checkpoint) });
  rig.do({ type: "restore", position: captured });
  rig.start();
  rig.open();
  return rig;
}

function speak(rig: SessionRig, position: number, count: number): void {
  for (let n = 0; n < count; n += 1) {
    const frame: WireAudioFrame = {
      payload: new Uint8Array(FRAME * 2),
      position: position + n * FRAME,
      sampleCount: FRAME,
      flags: 0,
    };
    rig.do({ type: "frame", frame });
  }
}

describe("a session that goes on for one that died", () => {
  it("resumes it by its secret and its numbers, on a connection that counts as later", () => {
    const rig = goOn(died(), 12 * FRAME);
    expect(rig.sentOf("session.resume")).toMatchObject([
      { resume_token: "secret 1", epoch: 7, last_seq: 3, audio: { first: 12 * FRAME, next: 12 * FRAME } },
    ]);
    expect(rig.sentOf("session.resume")[0]?.attempt).toBeGreaterThan(1);
  });

  it("announces as lost exactly what the server has not got, and sends what comes after it", () => {
    const rig = goOn(died(), 12 * FRAME);
    rig.takeUp(9 * FRAME);
    speak(rig, 12 * FRAME, 3);
    rig.pass(2_000);
    expect(rig.lost()).toEqual([{ from: 9 * FRAME, to: 12 * FRAME }]);
    expect(rig.positions()).toEqual(positionsFrom(12 * FRAME, 3));
    expect(rig.session.stats).toMatchObject({ framesCaptured: 13, samplesDropped: 3 * FRAME, reconnectCount: 1 });
  });

  it("loses nothing if the server has all of it", () => {
    const rig = goOn(died(), 10 * FRAME);
    rig.takeUp(10 * FRAME);
    rig.ack(10 * FRAME);
    speak(rig, 10 * FRAME, 1);
    rig.pass(2_000);
    expect(rig.lost()).toEqual([]);
    expect(rig.session.stats.settledPosition).toBe(10 * FRAME);
  });

  it("says goodbye where the audio that it sent ends, though more was captured and is lost", () => {
    const rig = goOn(died(), 12 * FRAME);
    rig.do({ type: "end", timeoutMs: 5_000 });
    rig.takeUp(9 * FRAME);
    expect(rig.sentOf("client.end")).toMatchObject([{ position: 9 * FRAME }]);
    rig.say("session.end", { position: 9 * FRAME, reason: "ended" });
    expect(rig.eventsOf("ended")).toHaveLength(1);
    expect(rig.lost()).toEqual([{ from: 9 * FRAME, to: 12 * FRAME }]);
  });

  it("delivers each caption once", () => {
    const rig = goOn(died(), 10 * FRAME);
    rig.welcome();
    rig.caption(3);
    rig.caption(4);
    expect(rig.eventsOf("message").map(({ message }) => message.seq)).toEqual([4]);
  });

  it("begins anew if no server had answered, and announces all of it as lost", () => {
    const before = new SessionRig();
    before.start();
    before.frames(5);
    const rig = goOn(before, 6 * FRAME);
    expect(rig.sent()[0]?.t).toBe("client.hello");
    rig.begin(6 * FRAME);
    rig.pass(2_000);
    expect(rig.lost()).toEqual([{ from: 0, to: 6 * FRAME }]);
  });

  it("announces what the other one had lost and had not announced yet", () => {
    const before = died({ replay: { maxDurationMs: 1_000 } });
    before.lose();
    before.frames(60);
    expect(before.lost()).toEqual([]);
    const { losses } = before.session.figures.checkpoint;
    expect(losses.length).toBeGreaterThan(0);
    const rig = goOn(before, before.captured);
    rig.takeUp(10 * FRAME);
    rig.pass(2_000);
    const lost = rig.lost();
    expect(lost.at(0)?.from).toBe(10 * FRAME);
    expect(lost.at(-1)?.to).toBe(before.captured);
    expect(lost.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(before.captured - 10 * FRAME);
  });

  it("announces nothing twice that the other one had announced, wherever the server stands", () => {
    const before = died({ replay: { maxDurationMs: 1_000 } });
    before.lose();
    before.frames(60);
    before.pass(2_000);
    before.open();
    before.takeUp(10 * FRAME);
    expect(before.lost()).toEqual([{ from: 10 * FRAME, to: 20 * FRAME }]);
    const rig = goOn(before, before.captured);
    rig.takeUp(5 * FRAME);
    rig.pass(2_000);
    expect(rig.lost()).toEqual([
      { from: 5 * FRAME, to: 10 * FRAME },
      { from: 20 * FRAME, to: 70 * FRAME },
    ]);
  });

  it("announces nothing as lost that never was captured", () => {
    const before = died();
    before.frames(2, { gap: 5 * FRAME });
    before.caption(4);
    const rig = goOn(before, before.captured);
    rig.takeUp(10 * FRAME);
    rig.pass(2_000);
    expect(rig.lost()).toEqual([{ from: 15 * FRAME, to: 17 * FRAME }]);
  });

  it("believes a server that stands before what was settled, as one does that has lost its last writes", () => {
    const before = died();
    before.ack(10 * FRAME);
    before.caption(4);
    const rig = goOn(before, 10 * FRAME);
    rig.takeUp(8 * FRAME);
    rig.pass(2_000);
    expect(rig.warnings()).not.toContain("protocol-error");
    expect(rig.lost()).toEqual([{ from: 8 * FRAME, to: 10 * FRAME }]);
  });

  it("delivers no caption again that came in a replay which was cut short", () => {
    const before = died();
    before.reconnect();
    before.welcome();
    for (const seq of [6, 7]) before.caption(seq);
    const rig = goOn(before, 10 * FRAME);
    rig.welcome();
    for (const seq of [4, 5, 6, 7, 8]) rig.caption(seq);
    expect(rig.eventsOf("message").map(({ message }) => message.seq)).toEqual([4, 5, 8]);
  });

  it("has the other one's figures from the beginning", () => {
    const before = died();
    before.ack(6 * FRAME);
    before.lose();
    before.open();
    before.takeUp(4 * FRAME);
    const { checkpoint } = before.session.figures;
    const rig = new SessionRig({ restored: nextCheckpoint(checkpoint) });
    const { capturedPosition, sentPosition, acknowledgedPosition } = rig.session.stats;
    expect({ capturedPosition, sentPosition, acknowledgedPosition }).toEqual({
      capturedPosition: 10 * FRAME,
      sentPosition: 10 * FRAME,
      acknowledgedPosition: 6 * FRAME,
    });
  });
});

it("a loss is news as soon as it is known, so that the page gets a checkpoint which has it", () => {
  const rig = died({ replay: { maxDurationMs: 1_000 } });
  rig.bufferedBytes = 100_000;
  rig.frames(60);
  expect(rig.lost()).toEqual([]);
  expect(rig.eventsOf("losing").length).toBeGreaterThan(0);
  expect(rig.session.figures.checkpoint.losses.length).toBeGreaterThan(0);
});

import { describe, expect, it } from "vitest";
import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";
import { FRAME, SAMPLE_RATE, SessionRig } from "../support/session-rig.js";

const SECOND = 50;

/** A second of sound was sent and acknowledged, and then nobody spoke for ten. */
function silent(): SessionRig {
  const rig = new SessionRig();
  rig.connect();
  rig.frames(SECOND);
  rig.pass(100);
  rig.ack(SAMPLE_RATE);
  for (let from = SAMPLE_RATE; from < 11 * SAMPLE_RATE; from += FRAME) {
    rig.do({
      type: "frame",
      frame: { flags: 0, position: from, sampleCount: FRAME, payload: new Uint8Array() },
    });
  }
  return rig;
}

const frameAt = (position: number) => ({
  type: "frame" as const,
  frame: { flags: 0, position, sampleCount: FRAME, payload: new Uint8Array(2 * FRAME) },
});

describe("silence that is withheld", () => {
  it("is neither sent nor lost nor missing, and is told", () => {
    const rig = silent();
    expect(rig.lost()).toEqual([]);
    expect(rig.positions().at(-1)).toBe(SAMPLE_RATE - FRAME);
    expect(rig.session.stats).toMatchObject({
      samplesCaptured: 11 * SAMPLE_RATE,
      samplesWithheld: 10 * SAMPLE_RATE,
      samplesDropped: 0,
      captureGapCount: 0,
      capturedPosition: 11 * SAMPLE_RATE,
      settledPosition: 11 * SAMPLE_RATE,
      bufferedFrames: 0,
    });
  });

  it("is a gap before what is said next, of which the server knows the time", () => {
    const rig = silent();
    rig.do(frameAt(11 * SAMPLE_RATE));
    const frame = rig.audio().at(-1);
    expect(frame).toMatchObject({ position: 11 * SAMPLE_RATE, flags: AudioFrameFlag.gap });
    expect(rig.session.stats.captureGapCount).toBe(0);
  });

  it("makes no server that has lost its state lose anything by that", () => {
    const rig = silent();
    rig.do(frameAt(11 * SAMPLE_RATE));
    rig.reconnect();
    rig.begin(11 * SAMPLE_RATE, { epoch: 8, reason: "unknown_session" });
    expect(rig.lost()).toEqual([]);
  });

  it("is not said to be lost by an abort, and ends at the last sound", () => {
    const rig = silent();
    rig.do({ type: "end", timeoutMs: 1_000 });
    expect(rig.sentOf("client.end").at(-1)).toEqual({ position: SAMPLE_RATE });
    const other = silent();
    other.do({ type: "abort" });
    expect(other.lost()).toEqual([]);
  });

  it("keeps the link alive for an hour by heartbeats alone", () => {
    const rig = silent();
    const before = rig.outputs.filter(({ type }) => type === "disconnect").length;
    for (let minute = 0; minute < 60; minute += 1) {
      for (let second = 0; second < 60; second += 1) {
        rig.pass(1_000);
        if (second % 5 === 0) rig.say("server.hb", {});
      }
    }
    expect(rig.outputs.filter(({ type }) => type === "disconnect")).toHaveLength(before);
    expect(rig.sentOf("client.hb").length).toBeGreaterThan(300);
  });
});

import { AudioFrameFlag, decodeAudioFrame } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { utf8Length } from "../../src/internal/utf8.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { FRAME, positionsFrom, SAMPLE_RATE, SessionRig } from "../support/session-rig.js";

const HEADER = 12;
const PCM: SessionOptions["format"] = { encoding: "pcm_s16le", sampleRate: SAMPLE_RATE, channels: 1 };

/** A server that takes messages of so many bytes. */
const limited = (maxMessageBytes: number) => ({ limits: { max_in_flight: 64, max_msg_bytes: maxMessageBytes } });

const begin = (rig: SessionRig, maxMessageBytes: number, format = PCM) => {
  const { encoding, sampleRate, channels } = format;
  const grant = { encoding, sample_rate: sampleRate, channels, window: rig.window };
  rig.welcome({ ...limited(maxMessageBytes), audio: grant });
  const audio = { position: 0, pace: rig.pace };
  rig.say("session.new", { session_id: "session", epoch: 7, reason: "created", audio });
};

const resume = (rig: SessionRig, maxMessageBytes: number, position: number) => {
  rig.welcome(limited(maxMessageBytes));
  const audio = { position, pace: rig.pace };
  rig.say("session.ack", { session_id: "session", status: "resumed", epoch: 7, audio });
};

const connect = (maxMessageBytes: number) => {
  const rig = new SessionRig();
  rig.start();
  rig.open();
  begin(rig, maxMessageBytes);
  return rig;
};

// cube-js/cube#10246, ueberdosis/hocuspocus#586, field report 70
describe("a server whose limit is smaller than the frames", () => {
  it("gets them in smaller ones, which say the same samples at the same positions", () => {
    const rig = connect(HEADER + 2 * 100);
    const samples = Uint8Array.from({ length: FRAME * 2 }, (_, index) => index % 251);
    rig.do({ type: "frame", frame: { payload: samples, position: 0, sampleCount: FRAME, flags: 0 } });
    expect(rig.audio().map(({ position, sampleCount, flags }) => [position, sampleCount, flags])).toEqual([
      [0, 100, 0],
      [100, 100, 0],
      [200, 100, 0],
      [300, 20, 0],
    ]);
    expect(Buffer.concat(rig.audio().map(({ payload }) => payload))).toEqual(Buffer.from(samples));
  });

  it("gets none that is larger, and only whole samples of all channels", () => {
    const format = { encoding: "pcm_f32le", sampleRate: 48_000, channels: 2 } as const;
    const rig = new SessionRig({ format });
    rig.start();
    rig.open();
    begin(rig, 4_095, format);
    const payload = new Uint8Array(960 * 8);
    rig.do({ type: "frame", frame: { payload, position: 0, sampleCount: 960, flags: 0 } });
    const frames = rig.outputs.flatMap((output) =>
      output.type === "send" && typeof output.data !== "string" ? [output.data] : [],
    );
    for (const frame of frames) {
      expect(frame.byteLength).toBeLessThanOrEqual(4_095);
      decodeAudioFrame(frame, { encoding: "pcm_f32le", channels: 2 });
    }
    expect(frames).toHaveLength(2);
  });

  it("sees a gap before the first part only, the end in the last part only, and muted audio in all of them", () => {
    const rig = connect(HEADER + 2 * 160);
    rig.frames(1);
    const { gap, muted, last } = AudioFrameFlag;
    const payload = new Uint8Array(FRAME * 2);
    rig.do({
      type: "frame",
      frame: { payload, position: 3 * FRAME, sampleCount: FRAME, flags: muted | last },
    });
    expect(rig.audio().map(({ flags }) => flags)).toEqual([0, 0, gap | muted, muted | last]);
  });

  it("may acknowledge in the middle of a captured frame, and resume there", () => {
    const rig = connect(HEADER + 2 * 200);
    rig.frames(3);
    rig.ack(FRAME + 200);
    expect(rig.session.stats).toMatchObject({ acknowledgedPosition: FRAME + 200, bufferedSamples: 2 * FRAME - 200 });
    rig.reconnect();
    resume(rig, HEADER + 2 * 200, FRAME + 200);
    expect(rig.positions()).toEqual([FRAME + 200, 2 * FRAME, 2 * FRAME + 200]);
    rig.ack(3 * FRAME);
    rig.do({ type: "end", timeoutMs: 1_000 });
    rig.say("session.end", { position: 3 * FRAME, reason: "done" });
    expect(rig.lost()).toEqual([]);
    expect(rig.eventsOf("ended")).toHaveLength(1);
  });

  it("may become one whose limit is larger or smaller, on another connection", () => {
    const rig = connect(1_000_000);
    rig.frames(2);
    rig.reconnect();
    resume(rig, HEADER + 2 * 160, 0);
    expect(rig.positions()).toEqual(positionsFrom(0, 4).map((position) => position / 2));
    rig.reconnect();
    resume(rig, HEADER + 2 * 64, 0);
    expect(rig.audio(3).every(({ sampleCount }) => sampleCount <= 64)).toBe(true);
    expect(rig.audio(3).reduce((sum, { sampleCount }) => sum + sampleCount, 0)).toBe(2 * FRAME);
  });

  it("loses exactly what leaves the buffer, part by part", () => {
    const rig = new SessionRig({ replay: { maxDurationMs: 1_000 } });
    rig.window = 200;
    rig.start();
    rig.open();
    begin(rig, HEADER + 2 * 100);
    rig.frames(60);
    rig.pass(300);
    rig.do({ type: "abort" });
    const lost = rig.lost().reduce((sum, { from, to }) => sum + to - from, 0);
    expect(lost).toBe(60 * FRAME);
    expect(rig.session.stats.samplesDropped).toBe(60 * FRAME);
  });
});

// field report 70
describe("a message that cannot be made small enough ends the stream at once, with an error that names the limit", () => {
  it("when it is one sample", () => {
    const rig = connect(HEADER + 1);
    rig.frames(1);
    expect(rig.failure).toMatchObject({
      code: "message-too-large",
      details: { messageBytes: HEADER + 2 * FRAME, maxMessageBytes: HEADER + 1 },
    });
    expect(rig.failure?.message).toContain("at most 13 bytes");
    expect(rig.failure?.retryable).toBe(false);
    expect(rig.lost()).toEqual([{ from: 0, to: FRAME }]);
  });

  it("when it is an Opus packet", () => {
    const format = { encoding: "opus", sampleRate: SAMPLE_RATE, channels: 1 } as const;
    const rig = new SessionRig({ format });
    rig.start();
    rig.open();
    begin(rig, 100, format);
    const small = { payload: new Uint8Array(80).fill(8), position: 0, sampleCount: FRAME, flags: 0 };
    rig.do({ type: "frame", frame: small });
    expect(rig.failure).toBeUndefined();
    rig.do({ type: "frame", frame: { ...small, payload: new Uint8Array(89), position: FRAME } });
    expect(rig.failure).toMatchObject({
      code: "message-too-large",
      details: { messageBytes: 101, maxMessageBytes: 100 },
    });
    expect(rig.lost()).toEqual([{ from: 0, to: 2 * FRAME }]);
  });

  it("when it is a resume with a long token, in bytes as they go over the wire", () => {
    const rig = connect(2_000);
    rig.frames(2);
    rig.lose();
    rig.pass(1_000);
    rig.open("é".repeat(1_000));
    expect(rig.sentOf("session.resume")).toEqual([]);
    expect(rig.failure).toMatchObject({ code: "message-too-large", details: { maxMessageBytes: 2_000 } });
    expect(rig.lost()).toEqual([{ from: 0, to: 2 * FRAME }]);
  });
});

describe("the size of a text in bytes", () => {
  it.each(["", "plain", "Grüße", "你好", "a🎙b"])("is what an encoder makes of %j", (text) => {
    expect(utf8Length(text)).toBe(new TextEncoder().encode(text).byteLength);
  });
});

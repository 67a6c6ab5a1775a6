import { AudioFrameFlag } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { FRAME, positionsFrom, SAMPLE_RATE, SessionRig } from "../support/session-rig.js";

/** Bytes of one frame on the wire. */
const FRAME_BYTES = 12 + FRAME * 2;
const HIGH_WATER_BYTES = 65_536;

describe("the window", () => {
  it("holds back what would be in flight beyond it, until acknowledgements come", () => {
    const rig = new SessionRig();
    rig.window = 3 * FRAME + 100;
    rig.connect();
    rig.frames(10);
    expect(rig.positions()).toEqual(positionsFrom(0, 3));
    rig.ack(2 * FRAME);
    expect(rig.positions()).toEqual(positionsFrom(0, 5));
    rig.ack(5 * FRAME);
    rig.ack(8 * FRAME);
    expect(rig.positions()).toEqual(positionsFrom(0, 10));
  });

  it("lets one frame go even when that alone is larger", () => {
    const rig = new SessionRig();
    rig.window = 1;
    rig.connect();
    rig.frames(3);
    expect(rig.positions()).toEqual([0]);
    rig.ack(FRAME);
    expect(rig.positions()).toEqual([0, FRAME]);
  });
});

describe("the pace", () => {
  it("sends a backlog at most so many times faster than it was spoken, after a first burst", () => {
    const rig = new SessionRig();
    rig.pace = 4;
    rig.frames(500);
    rig.connect();
    const burst = rig.audio().length;
    expect(burst * FRAME).toBeLessThanOrEqual(0.2 * SAMPLE_RATE + FRAME);
    rig.pass(1_000);
    const sent = (rig.audio().length - burst) * FRAME;
    expect(sent).toBeGreaterThan(3.9 * SAMPLE_RATE);
    expect(sent).toBeLessThanOrEqual(4 * SAMPLE_RATE + FRAME);
  });

  it("never lets live audio overtake the backlog", () => {
    // h3js/crossws#198
    const rig = new SessionRig();
    rig.pace = 2;
    rig.frames(100);
    rig.connect();
    for (let n = 0; n < 150; n += 1) {
      rig.pass(20);
      rig.frames(1);
    }
    expect(rig.positions()).toEqual(positionsFrom(0, 250));
  });
});

describe("a socket that does not empty", () => {
  it("is filled to the limit, the frame to come counted", () => {
    // kizuna-ai-lab/sokuji#407
    const rig = new SessionRig();
    rig.connect();
    rig.bufferedBytes = HIGH_WATER_BYTES - FRAME_BYTES + 1;
    rig.frames(1);
    expect(rig.audio()).toEqual([]);
    rig.bufferedBytes = HIGH_WATER_BYTES - FRAME_BYTES;
    rig.pass(25);
    expect(rig.positions()).toEqual([0]);
  });

  it("is looked at again soon, and takes the rest in order once there is room", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.bufferedBytes = HIGH_WATER_BYTES;
    rig.frames(8);
    rig.pass(500);
    expect(rig.audio()).toEqual([]);
    rig.bufferedBytes = 0;
    rig.pass(25);
    expect(rig.positions()).toEqual(positionsFrom(0, 8));
  });

  it("costs audio only once the replay buffer is full as well, and then the oldest, told exactly", () => {
    const rig = new SessionRig({ replay: { maxDurationMs: 1_000 } });
    rig.connect();
    rig.bufferedBytes = HIGH_WATER_BYTES;
    rig.frames(50);
    rig.pass(1_000);
    expect(rig.eventsOf("drop")).toEqual([]);
    rig.frames(10);
    rig.pass(1_000);
    expect(rig.eventsOf("drop").map(({ range }) => range)).toEqual([{ from: 0, to: 10 * FRAME }]);
    expect(rig.session.stats).toMatchObject({ bufferedFrames: 50, samplesDropped: 10 * FRAME });
  });
});

describe("acknowledgements", () => {
  it("free the buffer, less two seconds that heal a server which loses its last writes", () => {
    const rig = new SessionRig();
    rig.connect();
    for (let n = 0; n < 250; n += 1) {
      rig.frames(1);
      rig.pass(20);
      rig.ack(rig.captured);
    }
    expect(rig.session.stats.bufferedFrames).toBe(0);
    expect(rig.session.stats.bufferedBytes).toBe(2 * SAMPLE_RATE * 2);
    rig.reconnect();
    expect(rig.sentOf("session.resume")[0]?.audio).toMatchObject({ first: 3 * SAMPLE_RATE, next: 5 * SAMPLE_RATE });
  });

  it("are told to the page, and older ones change nothing", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.ack(4 * FRAME);
    rig.ack(2 * FRAME);
    expect(rig.session.stats).toMatchObject({ acknowledgedPosition: 4 * FRAME, bufferedFrames: 1 });
    expect(rig.warnings()).toEqual([]);
    expect(rig.eventsOf("acknowledged").map(({ position }) => position)).toEqual([4 * FRAME]);
  });

  it("that reach into a frame do not free it", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(2);
    rig.ack(FRAME + 1);
    expect(rig.session.stats).toMatchObject({ acknowledgedPosition: FRAME + 1, bufferedFrames: 1 });
  });

  it("beyond what was sent are a violation and free nothing", () => {
    const rig = new SessionRig();
    rig.window = 2 * FRAME;
    rig.connect();
    rig.frames(5);
    rig.ack(2 * FRAME + 1);
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    expect(rig.disconnects).toMatchObject([{ code: 4400 }]);
    expect(rig.session.stats).toMatchObject({ acknowledgedPosition: 0, bufferedFrames: 5 });
    expect(rig.eventsOf("acknowledged")).toEqual([]);
  });

  it("beyond what was sent on this connection are a violation, even if it was sent on an earlier one", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(10);
    rig.reconnect();
    rig.window = FRAME;
    rig.takeUp(0);
    rig.ack(5 * FRAME);
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    expect(rig.session.stats.acknowledgedPosition).toBe(0);
  });
});

describe("a resync", () => {
  it("sends again from the position asked for, in order", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(6);
    rig.ack(FRAME);
    rig.say("audio.resync", { position: 3 * FRAME });
    rig.frames(1);
    expect(rig.positions()).toEqual([...positionsFrom(0, 6), ...positionsFrom(3 * FRAME, 4)]);
    expect(rig.session.stats).toMatchObject({ framesSent: 10, framesRetransmitted: 3 });
  });

  it.each([
    ["what the server has acknowledged", 2 * FRAME],
    ["what was never sent", 7 * FRAME],
  ])("for %s is a violation", (_, position) => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(6);
    rig.ack(3 * FRAME);
    rig.say("audio.resync", { position });
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    expect(rig.disconnects).toMatchObject([{ code: 4400 }]);
  });
});

describe("an overflow that lasts", () => {
  /** Nine seconds without a server, and room for one. */
  const overflow = () => {
    const rig = new SessionRig({ replay: { maxDurationMs: 1_000 } });
    rig.start();
    for (let n = 0; n < 450; n += 1) {
      rig.frames(1);
      rig.pass(20);
    }
    return rig;
  };

  // Own trial, field report 98
  it("is one drop, announced a second after its last loss", () => {
    const rig = overflow();
    expect(rig.lost()).toEqual([]);
    expect(rig.session.stats.samplesDropped).toBe(0);
    rig.pass(979);
    expect(rig.lost()).toEqual([]);
    rig.pass(1);
    expect(rig.lost()).toEqual([{ from: 0, to: 400 * FRAME }]);
    expect(rig.session.stats.samplesDropped).toBe(400 * FRAME);
  });

  // Own trial, field report 98
  it("is one drop, announced at once when a server answers or the session ends", () => {
    const answered = overflow();
    answered.open();
    answered.begin(400 * FRAME);
    expect(answered.lost()).toEqual([{ from: 0, to: 400 * FRAME }]);
    const aborted = overflow();
    aborted.do({ type: "abort" });
    expect(aborted.lost()).toEqual([{ from: 0, to: 450 * FRAME }]);
  });

  // Own trial, field report 98
  it("reports its progress in a warning, at most once a second", () => {
    const rig = overflow();
    const progress = rig.eventsOf("warning").map(({ error }) => error);
    expect(progress.length).toBeGreaterThanOrEqual(6);
    expect(progress.length).toBeLessThanOrEqual(8);
    expect(rig.warnings()).toEqual(progress.map(() => "audio-dropping"));
    expect(progress[0]?.details).toEqual({ from: 0, to: SAMPLE_RATE, durationMs: 1_000 });
    expect(progress[0]?.message).toContain("1000 ms");
  });

  it("is a drop of its own on either side of what the device left out", () => {
    const rig = new SessionRig({ replay: { maxDurationMs: 1_000 } });
    rig.start();
    rig.frames(1);
    rig.frames(50, { gap: FRAME });
    rig.frames(1);
    rig.pass(1_000);
    expect(rig.lost()).toEqual([
      { from: 0, to: FRAME },
      { from: 2 * FRAME, to: 3 * FRAME },
    ]);
  });
});

describe("audio that was captured but never comes as a frame", () => {
  // Own trial, field report 90
  it("is lost, and everything around it is sent", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(2);
    rig.do({ type: "discard", range: { from: 2 * FRAME, to: 5 * FRAME } });
    rig.frames(1, { gap: 3 * FRAME });
    rig.pass(1_000);
    expect(rig.lost()).toEqual([{ from: 2 * FRAME, to: 5 * FRAME }]);
    expect(rig.audio().map(({ position, flags }) => [position, flags])).toEqual([
      [0, 0],
      [FRAME, 0],
      [5 * FRAME, AudioFrameFlag.gap],
    ]);
    expect(rig.session.stats).toMatchObject({ samplesCaptured: 6 * FRAME, samplesDropped: 3 * FRAME });
    expect(rig.session.stats.captureGapCount).toBe(0);
  });

  it("counts as settled once all before it is acknowledged", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(2);
    rig.do({ type: "discard", range: { from: 2 * FRAME, to: 3 * FRAME } });
    expect(rig.session.stats).toMatchObject({ capturedPosition: 3 * FRAME, settledPosition: 0 });
    rig.ack(2 * FRAME);
    expect(rig.session.stats).toMatchObject({ settledPosition: 3 * FRAME, acknowledgedPosition: 2 * FRAME });
    expect(rig.eventsOf("acknowledged").map(({ position }) => position)).toEqual([3 * FRAME]);
  });

  it("is told at the end at once, and the server is asked for what it was sent only", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(2);
    rig.do({ type: "discard", range: { from: 2 * FRAME, to: 3 * FRAME } });
    rig.do({ type: "end", timeoutMs: 5_000 });
    expect(rig.sentOf("client.end")).toEqual([{ position: 2 * FRAME }]);
    rig.say("session.end", { position: 2 * FRAME, reason: "done" });
    expect(rig.lost()).toEqual([{ from: 2 * FRAME, to: 3 * FRAME }]);
    expect(rig.eventsOf("ended")).toHaveLength(1);
  });

  it.each([
    ["an empty range", { from: 2 * FRAME, to: 2 * FRAME }],
    ["what came as a frame", { from: 0, to: 2 * FRAME }],
    ["a range that ends before it begins", { from: 5 * FRAME, to: 3 * FRAME }],
  ])("is nothing for %s", (_, range) => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(2);
    rig.do({ type: "discard", range });
    rig.pass(2_000);
    expect(rig.lost()).toEqual([]);
    expect(rig.session.stats).toMatchObject({ capturedPosition: 2 * FRAME, samplesCaptured: 2 * FRAME });
  });

  it("is told once, although a part of it was told before", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.do({ type: "discard", range: { from: 0, to: FRAME } });
    rig.do({ type: "discard", range: { from: 0, to: 2 * FRAME } });
    rig.do({ type: "abort" });
    expect(rig.lost()).toEqual([{ from: 0, to: 2 * FRAME }]);
  });
});

describe("gaps and losses", () => {
  it("declares a hole in the capture on the first frame after it, and counts it", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(2);
    rig.frames(2, { gap: 1_000 });
    expect(rig.audio().map(({ position, flags }) => [position, flags])).toEqual([
      [0, 0],
      [FRAME, 0],
      [2 * FRAME + 1_000, AudioFrameFlag.gap],
      [3 * FRAME + 1_000, 0],
    ]);
    expect(rig.session.stats.captureGapCount).toBe(1);
    expect(rig.eventsOf("drop")).toEqual([]);
  });

  it("declares a hole that the full buffer made, and tells the page the very samples, once", () => {
    // pladaria/reconnecting-websocket#110
    const rig = new SessionRig({ replay: { maxDurationMs: 1_000 } });
    rig.connect();
    rig.frames(5);
    rig.ack(5 * FRAME);
    rig.lose();
    rig.frames(60);
    rig.pass(1_000);
    rig.open();
    rig.takeUp(5 * FRAME);
    rig.pass(1_000);
    expect(rig.eventsOf("drop").map(({ range }) => range)).toEqual([{ from: 5 * FRAME, to: 15 * FRAME }]);
    expect(rig.session.stats.samplesDropped).toBe(10 * FRAME);
    const [first, second] = rig.audio(2);
    expect(first).toMatchObject({ position: 15 * FRAME, flags: AudioFrameFlag.gap });
    expect(second).toMatchObject({ position: 16 * FRAME, flags: 0 });
  });

  it("does not call lost what was sent and pushed out, until the server shows that it lacks it", () => {
    const build = () => {
      const rig = new SessionRig({ replay: { maxDurationMs: 1_000 } });
      rig.connect();
      rig.frames(60);
      rig.pass(1_000);
      expect(rig.eventsOf("drop")).toEqual([]);
      rig.reconnect();
      return rig;
    };
    const lucky = build();
    lucky.takeUp(60 * FRAME);
    lucky.pass(1_000);
    expect(lucky.eventsOf("drop")).toEqual([]);
    const unlucky = build();
    unlucky.takeUp(2 * FRAME);
    unlucky.pass(1_000);
    expect(unlucky.eventsOf("drop").map(({ range }) => range)).toEqual([{ from: 2 * FRAME, to: 10 * FRAME }]);
  });

  it("ends the session instead when the application wants no loss", () => {
    const rig = new SessionRig({ replay: { maxDurationMs: 1_000, whenFull: "fail" } });
    rig.start();
    rig.frames(50);
    expect(rig.failure).toBeUndefined();
    rig.frames(1);
    expect(rig.failure).toMatchObject({ code: "buffer-overflow", details: { droppedFrames: 1 } });
    expect(rig.disconnects).toMatchObject([{ connection: 1 }]);
    expect(rig.session.done).toBe(true);
  });

  it("says how many frames had to go for one that is larger than they were", () => {
    const rig = new SessionRig({ replay: { maxBytes: 20 * FRAME * 2, whenFull: "fail" } });
    rig.start();
    rig.frames(20);
    const payload = new Uint8Array(5 * FRAME * 2);
    rig.do({ type: "frame", frame: { payload, position: 20 * FRAME, sampleCount: 5 * FRAME, flags: 0 } });
    expect(rig.failure).toMatchObject({ code: "buffer-overflow", details: { droppedFrames: 5 } });
  });

  it("keeps to its limit in bytes as well", () => {
    const rig = new SessionRig({ replay: { maxBytes: 20 * FRAME * 2 } });
    rig.start();
    rig.frames(30);
    expect(rig.session.stats).toMatchObject({ bufferedFrames: 20, bufferedBytes: 20 * FRAME * 2 });
  });
});

describe("the figures", () => {
  it("count what was captured, sent and held", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.ack(2 * FRAME);
    expect(rig.session.stats).toMatchObject({
      framesCaptured: 5,
      samplesCaptured: 5 * FRAME,
      capturedPosition: 5 * FRAME,
      sentPosition: 5 * FRAME,
      acknowledgedPosition: 2 * FRAME,
      framesSent: 5,
      framesRetransmitted: 0,
      bufferedFrames: 3,
      bufferedSamples: 3 * FRAME,
      bufferedBytes: 5 * FRAME * 2,
    });
    const bytes = rig.outputs.reduce((sum, output) => sum + (output.type === "send" ? output.data.length : 0), 0);
    expect(rig.session.stats.bytesSent).toBe(bytes);
  });
});

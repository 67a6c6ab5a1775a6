import { describe, expect, it } from "vitest";
import { FRAME, positionsFrom, SessionRig } from "../support/session-rig.js";

const deliveredIn = (rig: SessionRig) => rig.eventsOf("message").map(({ message }) => message.seq);

/** A session that has run for a while: ten frames sent, four acknowledged, three captions delivered; then the link broke. */
function brokenOff(): SessionRig {
  const rig = new SessionRig();
  rig.connect();
  rig.frames(10);
  rig.ack(4 * FRAME);
  for (const seq of [1, 2, 3]) rig.caption(seq);
  rig.pass(200);
  rig.lose();
  return rig;
}

describe("the resume message", () => {
  it("is the first message of every later connection, and says what the client has and wants", () => {
    const rig = brokenOff();
    rig.frames(2);
    rig.pass(1_000);
    rig.open("token");
    expect(rig.sent(2)).toEqual([
      {
        v: 1,
        t: "session.resume",
        sid: "session",
        data: {
          agent: "test/1",
          accept: ["audio/1"],
          ack_mode: "cumulative",
          max_in_flight: 64,
          session_id: "session",
          client_id: "client",
          attempt: 2,
          token: "token",
          audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 12 * FRAME },
          last_seq: 3,
          epoch: 7,
          resume_token: "secret 1",
        },
      },
    ]);
  });

  it("carries the newest secret, and the older one when the welcome that brought a newer was lost or had none", () => {
    const rig = brokenOff();
    rig.pass(1_000);
    rig.open();
    rig.reconnect();
    expect(rig.sentOf("session.resume", 3)[0]?.resume_token).toBe("secret 1");
    rig.welcome({ resume_window: { seconds: 60 } });
    rig.reconnect();
    expect(rig.sentOf("session.resume", 4)[0]?.resume_token).toBe("secret 1");
    rig.welcome();
    rig.reconnect();
    expect(rig.sentOf("session.resume", 5)[0]?.resume_token).toBe("secret 4");
  });
});

describe("a resumed session", () => {
  it("sends no audio before the server's answer, and then from the position it names, in order", () => {
    // socketio/socket.io#5363
    const rig = brokenOff();
    rig.pass(1_000);
    rig.open();
    rig.welcome();
    rig.frames(5);
    expect(rig.audio(2)).toEqual([]);
    rig.takeUp(6 * FRAME);
    rig.frames(1);
    expect(rig.positions()).toEqual(positionsFrom(6 * FRAME, 10));
    expect(rig.session.stats).toMatchObject({ framesSent: 20, framesRetransmitted: 4 });
  });

  it("sends the rest of a frame's audio as a whole frame when the server stands inside it", () => {
    const rig = brokenOff();
    rig.pass(1_000);
    rig.open();
    rig.takeUp(6 * FRAME + 7);
    expect(rig.positions()[0]).toBe(6 * FRAME);
  });

  // Own trial, field report 94
  it("tells the page how long it was away and what it has to send again", () => {
    const rig = brokenOff();
    rig.frames(2);
    rig.pass(1_000);
    rig.open();
    rig.pass(300);
    rig.takeUp(6 * FRAME);
    expect(rig.eventsOf("connected").at(-1)?.reconnection).toEqual({
      resumed: true,
      replayedFrames: 6,
      downtimeMs: 1_300,
      missingAudio: undefined,
      missingMessages: [],
    });
    expect(rig.session.stats.reconnectCount).toBe(1);
  });

  it("goes on however often it is interrupted, without losing or repeating a sample", () => {
    // deepgram/deepgram-js-sdk#448, speechmatics/speechmatics-js-sdk#163
    const rig = new SessionRig();
    rig.connect();
    for (let round = 1; round <= 5; round += 1) {
      rig.frames(10);
      const stands = rig.captured - 3 * FRAME;
      rig.reconnect();
      rig.takeUp(stands);
      rig.ack(stands);
      rig.frames(10);
      rig.pass(1_000);
      rig.ack(rig.captured);
      rig.pass(6_000);
    }
    expect(rig.eventsOf("drop")).toEqual([]);
    expect(rig.warnings()).toEqual([]);
    expect(rig.session.stats).toMatchObject({ bufferedFrames: 0, acknowledgedPosition: 100 * FRAME });
    for (let connection = 2; connection <= 6; connection += 1) {
      const [first = 0] = rig.positions(connection);
      expect(rig.positions(connection)).toEqual(positionsFrom(first, rig.positions(connection).length));
    }
  });

  it("calls audio lost that the server acknowledged once, lacks now, and cannot get again", () => {
    const rig = new SessionRig();
    rig.connect();
    for (let n = 0; n < 300; n += 1) {
      rig.frames(1);
      rig.pass(20);
      rig.ack(rig.captured);
    }
    rig.reconnect();
    rig.takeUp(100 * FRAME);
    expect(rig.eventsOf("drop").map(({ range }) => range)).toEqual([{ from: 100 * FRAME, to: 200 * FRAME }]);
    expect(rig.positions()[0]).toBe(200 * FRAME);
  });

  it("heals by itself what the server lost of its last two seconds", () => {
    const rig = new SessionRig();
    rig.connect();
    for (let n = 0; n < 300; n += 1) {
      rig.frames(1);
      rig.pass(20);
      rig.ack(rig.captured);
    }
    rig.reconnect();
    rig.takeUp(210 * FRAME);
    rig.pass(1_000);
    expect(rig.eventsOf("drop")).toEqual([]);
    expect(rig.positions()).toEqual(positionsFrom(210 * FRAME, 90));
  });

  it("takes it for a violation when the server claims audio that it was never sent", () => {
    const rig = brokenOff();
    rig.frames(5);
    rig.pass(1_000);
    rig.open();
    rig.takeUp(12 * FRAME);
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    expect(rig.disconnects).toMatchObject([{ connection: 2, code: 4400 }]);
    expect(rig.session.stats.bufferedFrames).toBe(11);
  });
});

describe("messages across a resume", () => {
  it("delivers each once, though replayed and live ones come in any order", () => {
    // cloudflare/agents#1951
    const rig = brokenOff();
    rig.pass(1_000);
    rig.open();
    rig.welcome();
    for (const seq of [6, 2, 3, 4, 4, 7, 5]) rig.caption(seq);
    rig.takeUp(6 * FRAME);
    rig.caption(5);
    rig.caption(8);
    expect(deliveredIn(rig)).toEqual([1, 2, 3, 6, 4, 7, 5, 8]);
  });

  it("asks, after an interrupted replay, for what it lacks, whatever number the snapshot had", () => {
    const rig = brokenOff();
    rig.pass(1_000);
    rig.open();
    rig.welcome();
    const nothing = { finalized_transcript: [], active_partials: [] };
    rig.say("session.snapshot", { session_id: "session", epoch: 7, current_seq: 9, ...nothing }, { seq: 9 });
    for (const seq of [4, 5, 8]) rig.caption(seq);
    rig.reconnect();
    expect(rig.sentOf("session.resume", 3)[0]?.last_seq).toBe(5);
    rig.welcome();
    for (const seq of [6, 7, 8]) rig.caption(seq);
    rig.takeUp(6 * FRAME);
    expect(deliveredIn(rig)).toEqual([1, 2, 3, 4, 5, 8, 6, 7]);
  });

  it("tells the page which numbers the server no longer has", () => {
    // elizaOS/eliza#31227
    const rig = brokenOff();
    rig.pass(1_000);
    rig.open();
    rig.takeUp(6 * FRAME, { gap: { from_seq: 2, to_seq: 6 } });
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.missingMessages).toEqual([{ fromSeq: 4, toSeq: 6 }]);
    rig.reconnect();
    rig.takeUp(6 * FRAME);
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.missingMessages).toEqual([]);
  });
});

describe("a server that has lost its state", () => {
  it("gets all the audio that is still held, and the page learns what the new lineage lacks", () => {
    const rig = new SessionRig();
    rig.connect();
    for (let n = 0; n < 300; n += 1) {
      rig.frames(1);
      rig.pass(20);
      rig.ack(rig.captured);
    }
    rig.reconnect();
    const first = rig.sentOf("session.resume")[0]?.audio.first ?? 0;
    expect(first).toBe(200 * FRAME);
    rig.begin(first, { epoch: 8, reason: "unknown_session" });
    rig.pass(1_000);
    expect(rig.positions()).toEqual(positionsFrom(200 * FRAME, 100));
    expect(rig.eventsOf("connected").at(-1)?.reconnection).toMatchObject({
      resumed: false,
      replayedFrames: 100,
      missingAudio: { from: 0, to: 200 * FRAME },
    });
    expect(rig.warnings()).toEqual([]);
  });

  it("lacks what an earlier one had acknowledged up to the very sample at which it starts, even within a frame", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.ack(5 * FRAME);
    rig.reconnect();
    rig.begin(3 * FRAME + 100, { epoch: 8, reason: "unknown_session" });
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.missingAudio).toEqual({ from: 0, to: 3 * FRAME + 100 });
  });

  it("lacks what an earlier one had acknowledged and had to leave the buffer while the answer was on its way", () => {
    const rig = new SessionRig({ replay: { maxBytes: 20 * FRAME * 2 } });
    rig.connect();
    rig.frames(20);
    rig.pass(1_000);
    rig.ack(20 * FRAME);
    rig.reconnect();
    const first = rig.sentOf("session.resume")[0]?.audio.first ?? 0;
    rig.frames(15);
    rig.begin(first, { epoch: 8, reason: "unknown_session" });
    const [sent = 0] = rig.positions();
    expect(sent).toBeGreaterThan(first);
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.missingAudio).toEqual({ from: 0, to: sent });
    expect(rig.lost()).toEqual([]);
  });

  it("lacks no audio when nothing had been acknowledged", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.reconnect();
    rig.begin(0, { epoch: 8, reason: "unknown_session" });
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.missingAudio).toBeUndefined();
    expect(rig.positions()).toEqual(positionsFrom(0, 5));
  });

  it("counts its messages anew, and none is taken for an old one", () => {
    // vellum-ai/vellum-assistant#38483
    const rig = brokenOff();
    rig.pass(1_000);
    rig.open();
    rig.begin(0, { epoch: 8, reason: "unknown_session" });
    for (const seq of [1, 2]) rig.caption(seq);
    rig.pass(100);
    expect(deliveredIn(rig)).toEqual([1, 2, 3, 1, 2]);
    expect(rig.sentOf("client.ack", 2)).toEqual([{ ack_seq: 2 }]);
    rig.reconnect();
    expect(rig.sentOf("session.resume", 3)[0]).toMatchObject({ last_seq: 2, epoch: 8 });
  });

  it("counts its messages anew as well when only the snapshot tells of the new epoch", () => {
    const rig = brokenOff();
    rig.pass(1_000);
    rig.open();
    rig.welcome();
    const nothing = { current_seq: 1, finalized_transcript: [], active_partials: [] };
    rig.say("session.snapshot", { session_id: "session", epoch: 8, ...nothing });
    rig.caption(1);
    expect(deliveredIn(rig)).toEqual([1, 2, 3, 1]);
    rig.takeUp(0, { epoch: 8 });
    rig.pass(100);
    expect(rig.sentOf("client.ack", 2)).toEqual([{ ack_seq: 1 }]);
  });
});

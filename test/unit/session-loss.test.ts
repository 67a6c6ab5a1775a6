import { describe, expect, it } from "vitest";
import { FRAME, positionsFrom, SAMPLE_RATE, SessionRig } from "../support/session-rig.js";

const SECOND = 50;

/** What the session says of its last connection. */
const reconnectionOf = (rig: SessionRig) => rig.eventsOf("connected").at(-1)?.reconnection;

// Own reading, field report 67
describe("a server that starts beyond audio that is held and was never acknowledged", () => {
  /** Ten seconds captured and sent, of which four are acknowledged. The connection is being resumed. */
  const interrupted = () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(10 * SECOND);
    rig.pass(800);
    rig.ack(4 * SAMPLE_RATE);
    rig.reconnect();
    return rig;
  };

  it("has lost exactly what lies between the acknowledged position and its own", () => {
    const rig = interrupted();
    rig.begin(7 * SAMPLE_RATE, { epoch: 8, reason: "unknown_session" });
    expect(rig.lost()).toEqual([{ from: 4 * SAMPLE_RATE, to: 7 * SAMPLE_RATE }]);
    expect(reconnectionOf(rig)).toMatchObject({ resumed: false, missingAudio: { from: 0, to: 4 * SAMPLE_RATE } });
    rig.pass(800);
    expect(rig.positions()).toEqual(positionsFrom(7 * SAMPLE_RATE, 3 * SECOND));
    rig.ack(10 * SAMPLE_RATE);
    expect(rig.session.stats).toMatchObject({
      samplesDropped: 3 * SAMPLE_RATE,
      settledPosition: 10 * SAMPLE_RATE,
      bufferedFrames: 0,
    });
  });

  it("has lost a part of a frame, if it starts inside one", () => {
    const rig = interrupted();
    rig.begin(7 * SAMPLE_RATE + 7, { epoch: 8, reason: "unknown_session" });
    expect(rig.lost()).toEqual([{ from: 4 * SAMPLE_RATE, to: 7 * SAMPLE_RATE + 7 }]);
  });

  it("has lost nothing, if it starts at or before the first unacknowledged position", () => {
    for (const position of [2 * SAMPLE_RATE, 3 * SAMPLE_RATE, 4 * SAMPLE_RATE]) {
      const rig = interrupted();
      rig.begin(position, { epoch: 8, reason: "unknown_session" });
      expect(rig.lost()).toEqual([]);
      expect(reconnectionOf(rig)?.missingAudio).toEqual({ from: 0, to: position });
    }
  });

  it("has lost everything that is held, if it starts after it", () => {
    const rig = interrupted();
    rig.begin(10 * SAMPLE_RATE, { epoch: 8, reason: "unknown_session" });
    expect(rig.lost()).toEqual([{ from: 4 * SAMPLE_RATE, to: 10 * SAMPLE_RATE }]);
    rig.do({ type: "end", timeoutMs: 1_000 });
    expect(rig.sentOf("client.end").at(-1)).toEqual({ position: 10 * SAMPLE_RATE });
  });

  it("breaks the protocol, if it starts after what was ever captured, and nothing is lost by that", () => {
    const rig = interrupted();
    rig.begin(10 * SAMPLE_RATE + 1, { epoch: 8, reason: "unknown_session" });
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    expect(rig.lost()).toEqual([]);
    expect(rig.session.stats).toMatchObject({ bufferedSamples: 6 * SAMPLE_RATE });
  });

  it("loses on the first connection as well", () => {
    const rig = new SessionRig();
    rig.frames(5);
    rig.start();
    rig.open();
    rig.begin(3 * FRAME);
    expect(rig.lost()).toEqual([{ from: 0, to: 3 * FRAME }]);
    expect(rig.positions()).toEqual(positionsFrom(3 * FRAME, 2));
  });

  it("does not lose what the device left out", () => {
    const rig = new SessionRig();
    rig.frames(2);
    rig.frames(2, { gap: 3 * FRAME });
    rig.start();
    rig.open();
    rig.begin(4 * FRAME);
    expect(rig.lost()).toEqual([{ from: 0, to: 2 * FRAME }]);
    expect(rig.positions()).toEqual([5 * FRAME, 6 * FRAME]);
  });

  it("is told of once for each sample, however often servers start further on", () => {
    const rig = interrupted();
    rig.begin(6 * SAMPLE_RATE, { epoch: 8, reason: "unknown_session" });
    rig.reconnect();
    rig.begin(5 * SAMPLE_RATE, { epoch: 9, reason: "unknown_session" });
    rig.reconnect();
    rig.begin(8 * SAMPLE_RATE, { epoch: 10, reason: "unknown_session" });
    expect(rig.lost()).toEqual([
      { from: 4 * SAMPLE_RATE, to: 6 * SAMPLE_RATE },
      { from: 6 * SAMPLE_RATE, to: 8 * SAMPLE_RATE },
    ]);
    expect(reconnectionOf(rig)?.missingAudio).toEqual({ from: 0, to: 4 * SAMPLE_RATE });
  });
});

// Own trial, field report 91
describe("an acknowledgement that comes before the server has answered the opening", () => {
  const resuming = () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(340);
    rig.pass(800);
    rig.ack(40 * FRAME);
    rig.reconnect();
    return rig;
  };

  it("is a violation and frees nothing, although all of it was sent on the earlier connection", () => {
    const rig = resuming();
    rig.ack(340 * FRAME);
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    expect(rig.disconnects).toMatchObject([{ connection: 2, code: 4400 }]);
    expect(rig.session.stats).toMatchObject({ acknowledgedPosition: 40 * FRAME, bufferedFrames: 300 });
  });

  it("is one between the welcome and the answer as well", () => {
    const rig = resuming();
    rig.welcome();
    rig.ack(340 * FRAME);
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    expect(rig.session.stats).toMatchObject({ acknowledgedPosition: 40 * FRAME, bufferedFrames: 300 });
  });

  it("is one in a goodbye or as a request to send again", () => {
    for (const speak of [
      (rig: SessionRig) => rig.say("session.end", { position: 340 * FRAME, reason: "done" }),
      (rig: SessionRig) => rig.say("audio.resync", { position: 100 * FRAME }),
    ]) {
      const rig = resuming();
      rig.welcome();
      speak(rig);
      expect(rig.warnings()).toEqual(["protocol-violation"]);
      expect(rig.session.stats).toMatchObject({ acknowledgedPosition: 40 * FRAME, bufferedFrames: 300 });
    }
  });
});

// Own trial, field report 94
describe("the figures", () => {
  it("never say that less was acknowledged than before, whatever a new server has", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(100);
    rig.pass(1_000);
    rig.ack(100 * FRAME);
    rig.reconnect();
    rig.begin(20 * FRAME, { epoch: 8, reason: "unknown_session" });
    expect(rig.session.stats).toMatchObject({ acknowledgedPosition: 100 * FRAME, settledPosition: 20 * FRAME });
    rig.reconnect();
    rig.takeUp(10 * FRAME, { epoch: 8 });
    expect(rig.session.stats.acknowledgedPosition).toBe(100 * FRAME);
  });

  it("say how many frames follow a reconnection, and not how many were unacknowledged", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(40);
    rig.pass(100);
    rig.reconnect();
    rig.takeUp(30 * FRAME);
    expect(reconnectionOf(rig)?.replayedFrames).toBe(10);
    expect(rig.positions()).toHaveLength(10);
  });

  it("count bytes as they go over the wire, in both directions", () => {
    const rig = new SessionRig({ agent: "Geräuschübertragung 1 🎙" });
    rig.start();
    rig.open();
    const text = JSON.stringify({ v: 1, t: "status", data: "Grüße, 你好, 🎙" });
    const received = rig.session.stats.bytesReceived;
    rig.receive(text);
    expect(rig.session.stats.bytesReceived - received).toBe(new TextEncoder().encode(text).byteLength);
    const sent = rig.outputs.flatMap((output) => (output.type === "send" ? [output.data] : []));
    const bytes = sent.map((data) => (typeof data === "string" ? new TextEncoder().encode(data) : data).byteLength);
    expect(rig.session.stats.bytesSent).toBe(bytes.reduce((sum, size) => sum + size, 0));
  });

  it("are rounded in sentences", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(1);
    rig.do({ type: "end", timeoutMs: 298.17481099999986 });
    rig.pass(300);
    expect(rig.failure?.message).toContain("within 298 ms");
  });
});

describe("a server that takes no audio", () => {
  const refused = () => {
    const rig = new SessionRig();
    rig.start();
    rig.open();
    rig.welcome({ audio: undefined });
    return rig;
  };

  it("is left at once at the end, with a drop of everything captured", () => {
    const rig = refused();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    expect(rig.lost()).toEqual([{ from: 0, to: 5 * FRAME }]);
    expect(rig.eventsOf("ended")).toHaveLength(1);
    expect(rig.disconnects).toMatchObject([{ code: 1000, reason: "done" }]);
  });

  it("may say goodbye itself", () => {
    const rig = refused();
    rig.say("session.end", { position: 0, reason: "over" });
    expect(rig.warnings()).toEqual(["audio-refused"]);
    expect(rig.failure?.code).toBe("rejected-by-server");
  });

  it("is named as such, if it took audio before it lost its state", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.reconnect();
    rig.welcome({ audio: undefined });
    rig.say("session.new", { session_id: "session", epoch: 8, reason: "unknown_session" });
    expect(rig.warnings()).toEqual(["audio-refused"]);
  });
});

describe("audio that comes after the end was asked for", () => {
  it("is lost, and does not break the end", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(2);
    rig.do({ type: "end", timeoutMs: 5_000 });
    rig.frames(1);
    expect(rig.positions()).toEqual(positionsFrom(0, 2));
    expect(rig.sentOf("client.end")).toEqual([{ position: 2 * FRAME }]);
    rig.say("session.end", { position: 2 * FRAME, reason: "done" });
    expect(rig.lost()).toEqual([{ from: 2 * FRAME, to: 3 * FRAME }]);
    expect(rig.eventsOf("ended")).toHaveLength(1);
  });
});

import { describe, expect, it } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import { FRAME, positionsFrom, SessionRig } from "../support/session-rig.js";

const kinds = (rig: SessionRig, from: number) =>
  rig.outputs.slice(from).map((output) => {
    if (output.type === "event") return output.event.type;
    if (output.type !== "send") return output.type;
    return typeof output.data === "string" ? (JSON.parse(output.data) as { t: string }).t : "audio";
  });

const sayEnd = (rig: SessionRig, position: number) => rig.say("session.end", { position, reason: "done" });

describe("ending a session", () => {
  it("sends the last audio, says so, waits for the last captions, acknowledges them and closes, in that order", () => {
    // alphacep/vosk-server#254, deepgram/deepgram-dotnet-sdk#420
    const rig = new SessionRig();
    rig.window = 3 * FRAME;
    rig.connect();
    rig.frames(5);
    const from = rig.outputs.length;
    rig.do({ type: "end", timeoutMs: 5_000 });
    expect(kinds(rig, from)).toEqual([]);
    rig.ack(3 * FRAME);
    expect(kinds(rig, from)).toEqual(["acknowledged", "audio", "audio", "client.end"]);
    expect(rig.sentOf("client.end")).toEqual([{ position: 5 * FRAME }]);
    rig.caption(1);
    rig.ack(5 * FRAME);
    sayEnd(rig, 5 * FRAME);
    expect(kinds(rig, from).slice(4)).toEqual(["message", "acknowledged", "client.ack", "disconnect", "ended"]);
    expect(rig.sentOf("client.ack")).toEqual([{ ack_seq: 1 }]);
    expect(rig.disconnects).toEqual([{ type: "disconnect", connection: 1, code: 1000, reason: "done" }]);
    expect(rig.session).toMatchObject({ done: true, wakeAt: undefined });
  });

  it("needs no acknowledgement beside the one in the server's goodbye", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    sayEnd(rig, 5 * FRAME);
    expect(rig.eventsOf("drop")).toEqual([]);
    expect(rig.eventsOf("ended")).toHaveLength(1);
    expect(rig.session.stats.acknowledgedPosition).toBe(5 * FRAME);
  });

  it("calls lost what the server says goodbye without", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    sayEnd(rig, 3 * FRAME);
    expect(rig.eventsOf("drop").map(({ range }) => range)).toEqual([{ from: 3 * FRAME, to: 5 * FRAME }]);
    expect(rig.eventsOf("ended")).toHaveLength(1);
  });

  it("is over at once when it never began", () => {
    const rig = new SessionRig();
    rig.do({ type: "end", timeoutMs: 5_000 });
    expect(rig.outputs).toEqual([{ type: "event", event: { type: "ended" } }]);
  });

  // Own trial, field report 90
  it("that comes before the start sends what was captured once the start comes", () => {
    const rig = new SessionRig();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    rig.pass(1_000);
    rig.start();
    rig.open();
    rig.begin();
    expect(rig.positions()).toEqual(positionsFrom(0, 5));
    sayEnd(rig, 5 * FRAME);
    expect(rig.eventsOf("drop")).toEqual([]);
    expect(rig.eventsOf("ended")).toHaveLength(1);
  });

  // Own trial, field report 90
  it("that comes before a start which never comes fails at its deadline, and says what is lost", () => {
    const rig = new SessionRig();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    rig.pass(5_000);
    expect(rig.failure?.code).toBe("close-timeout");
    expect(rig.lost()).toEqual([{ from: 0, to: 5 * FRAME }]);
  });

  it("that comes while the first connection is being made waits for it, and sends everything", () => {
    const rig = new SessionRig();
    rig.start();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    rig.open();
    rig.begin();
    expect(rig.positions()).toEqual(positionsFrom(0, 5));
    expect(rig.sentOf("client.end")).toEqual([{ position: 5 * FRAME }]);
    sayEnd(rig, 5 * FRAME);
    expect(rig.eventsOf("ended")).toHaveLength(1);
  });

  it("says nothing of the end twice on one connection, unless the server asks for audio again", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    rig.ack(2 * FRAME);
    rig.pass(100);
    expect(rig.sentOf("client.end")).toHaveLength(1);
    rig.say("audio.resync", { position: 3 * FRAME });
    expect(rig.positions()).toEqual([...positionsFrom(0, 5), ...positionsFrom(3 * FRAME, 2)]);
    expect(rig.sentOf("client.end")).toHaveLength(2);
  });
});

describe("a connection that breaks during the end", () => {
  it.each([
    ["before the server had everything", 2 * FRAME],
    ["after the server had everything", 5 * FRAME],
  ])("%s is replaced, and the end is said again", (_, stands) => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    rig.reconnect();
    expect(rig.eventsOf("reconnecting")).toHaveLength(1);
    rig.takeUp(stands);
    expect(rig.positions()).toEqual(positionsFrom(stands, (5 * FRAME - stands) / FRAME));
    expect(rig.sentOf("client.end", 2)).toEqual([{ position: 5 * FRAME }]);
    sayEnd(rig, 5 * FRAME);
    expect(rig.eventsOf("ended")).toHaveLength(1);
  });

  it("while it waits for the next attempt still ends in time", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.lose(1013);
    rig.do({ type: "end", timeoutMs: 1_000 });
    rig.pass(999);
    expect(rig.failure).toBeUndefined();
    rig.pass(1);
    expect(rig.failure?.code).toBe("close-timeout");
  });

  it("is replaced as well when the server's goodbye claims more than it was sent", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 20_000 });
    sayEnd(rig, 6 * FRAME);
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    rig.pass(5_000);
    rig.open();
    rig.takeUp(5 * FRAME);
    sayEnd(rig, 5 * FRAME);
    expect(rig.eventsOf("ended")).toHaveLength(1);
  });
});

describe("the close timeout", () => {
  // It advised to wait longer for a server that had never been there.
  it("names why there is no connection, if there is none", () => {
    const rig = new SessionRig();
    rig.frames(5);
    rig.start();
    rig.fail(new AudioStreamError("connect-failed", "Nothing listens there.", { details: undefined }));
    rig.do({ type: "end", timeoutMs: 1_000 });
    rig.pass(1_000);
    expect(rig.failure).toMatchObject({
      code: "close-timeout",
      message:
        "The end could not be said, because the server was not reached within 1000 ms; 5 frames were not acknowledged. Last error: Nothing listens there.",
      details: { unacknowledgedFrames: 5 },
      cause: { code: "connect-failed" },
    });
  });

  it("ends a wait for a goodbye that does not come, and says how much was not acknowledged", () => {
    // AssemblyAI/assemblyai-node-sdk#169
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.ack(2 * FRAME);
    rig.do({ type: "end", timeoutMs: 800 });
    rig.pass(799);
    expect(rig.failure).toBeUndefined();
    rig.pass(1);
    expect(rig.failure).toMatchObject({ code: "close-timeout", details: { unacknowledgedFrames: 3 } });
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 1000 }]);
    expect(rig.eventsOf("drop").map(({ range }) => range)).toEqual([{ from: 2 * FRAME, to: 5 * FRAME }]);
    expect(rig.session).toMatchObject({ done: true, wakeAt: undefined });
  });

  it("counts from the first call", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.do({ type: "end", timeoutMs: 1_000 });
    rig.pass(600);
    rig.do({ type: "end", timeoutMs: 1_000 });
    rig.pass(400);
    expect(rig.failure?.code).toBe("close-timeout");
  });

  it("also ends an attempt to connect", () => {
    const rig = new SessionRig();
    rig.start();
    rig.do({ type: "end", timeoutMs: 500 });
    rig.pass(500);
    expect(rig.failure?.code).toBe("close-timeout");
    expect(rig.disconnects).toMatchObject([{ connection: 1 }]);
  });
});

describe("a server that ends the session by itself", () => {
  it("is given as the reason, and only what it lacks is lost", () => {
    // elevenlabs/packages#688
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.ack(2 * FRAME);
    rig.say("session.end", { position: 4 * FRAME, reason: "time limit" });
    expect(rig.failure).toMatchObject({
      code: "rejected-by-server",
      details: { closeCode: 1000, closeReason: "time limit" },
    });
    expect(rig.failure?.message).toContain("time limit");
    expect(rig.eventsOf("drop").map(({ range }) => range)).toEqual([{ from: 4 * FRAME, to: 5 * FRAME }]);
    expect(rig.disconnects).toMatchObject([{ connection: 1 }]);
    expect(rig.session.done).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { FRAME, positionsFrom, SAMPLE_RATE, SessionRig } from "../support/session-rig.js";

describe("before the start", () => {
  it("wants nothing, not even a wake-up, and keeps what is captured", () => {
    const rig = new SessionRig();
    rig.frames(3);
    expect(rig.outputs).toEqual([]);
    expect(rig.session.wakeAt).toBeUndefined();
    expect(rig.session.stats.bufferedFrames).toBe(3);
  });

  it("asks for one connection, however often it is started", () => {
    const rig = new SessionRig();
    rig.start();
    rig.start();
    expect(rig.outputs).toEqual([{ type: "connect", connection: 1, attempt: 1 }]);
  });
});

describe("the first connection", () => {
  // It was taken for a server that takes no audio, and the stream stayed with it until its buffer was full.
  it.each(["session.new", "session.ack"])("takes %s before the welcome for a violation, and connects anew", (t) => {
    const rig = new SessionRig();
    rig.frames(2);
    rig.start();
    rig.open();
    rig.say(t, {
      session_id: "session",
      epoch: 7,
      ...(t === "session.new" ? { reason: "created" } : { status: "resumed" }),
      audio: { position: 0, pace: 4 },
    });
    expect(rig.eventsOf("warning").map(({ error }) => error.message)).toEqual([
      expect.stringContaining("The server answered before its server.welcome."),
    ]);
    expect(rig.disconnects.map(({ code }) => code)).toEqual([4400]);
    rig.pass(2_000);
    rig.open();
    rig.begin();
    expect(rig.eventsOf("connected")).toHaveLength(1);
  });

  it("says hello first, with all that a server needs to know", () => {
    const rig = new SessionRig();
    rig.frames(4);
    rig.start();
    rig.open("token");
    expect(rig.sent()).toEqual([
      {
        v: 1,
        t: "client.hello",
        sid: "session",
        data: {
          agent: "test/1",
          accept: ["audio/1"],
          ack_mode: "cumulative",
          max_in_flight: 64,
          session_id: "session",
          client_id: "client",
          attempt: 1,
          token: "token",
          audio: { encoding: "pcm_s16le", sample_rate: SAMPLE_RATE, channels: 1, first: 0, next: 4 * FRAME },
        },
      },
    ]);
  });

  it("asks for a takeover only when it was told to", () => {
    const rig = new SessionRig({ takeover: true });
    rig.start();
    rig.open();
    expect(rig.sentOf("client.hello")[0]?.takeover).toBe(true);
  });

  it("queues frames from the first sample and sends them in order once the server has answered", () => {
    // deepgram-starters/node-live-transcription#9
    const rig = new SessionRig();
    rig.frames(5);
    rig.start();
    rig.frames(5);
    rig.open();
    rig.frames(5);
    rig.welcome();
    rig.frames(5);
    expect(rig.audio()).toEqual([]);
    rig.say("session.new", { session_id: "session", epoch: 7, reason: "created", audio: { position: 0, pace: 100 } });
    rig.pass(100);
    rig.frames(2);
    expect(rig.positions()).toEqual(positionsFrom(0, 22));
  });

  it("says nothing more before it is answered, whatever happens meanwhile", () => {
    const rig = new SessionRig();
    rig.start();
    rig.open();
    rig.frames(10);
    rig.pass(5_000);
    rig.do({ type: "probe" });
    expect(rig.sent().map(({ t }) => t)).toEqual(["client.hello"]);
    expect(rig.audio()).toEqual([]);
  });

  it("tells the page that it is connected once the server has answered, and not before", () => {
    const rig = new SessionRig();
    rig.start();
    rig.open();
    rig.welcome();
    expect(rig.events).toEqual([]);
    rig.say("session.new", { session_id: "session", epoch: 7, reason: "created", audio: { position: 0, pace: 4 } });
    expect(rig.events).toEqual([{ type: "connected", reconnection: undefined }]);
  });

  it("says hello again, as a later attempt of the same session, when the welcome was lost", () => {
    const rig = new SessionRig();
    rig.start();
    rig.open();
    rig.welcome();
    rig.reconnect();
    const [first, second] = rig.sentOf("client.hello");
    expect(rig.sentOf("session.resume")).toEqual([]);
    expect(second).toEqual({ ...first, attempt: 2 });
  });

  it("carries the token in its first message and in nothing else", () => {
    // cryostatio/cryostat-legacy#100
    const rig = new SessionRig();
    const secret = "a-token-nobody-may-see";
    rig.start();
    rig.open(secret);
    rig.begin();
    rig.frames(20);
    rig.caption(1);
    rig.pass(1_000);
    rig.lose();
    rig.pass(1_000);
    rig.open(`${secret}-fresh`);
    rig.takeUp(0);
    rig.do({ type: "end", timeoutMs: 1_000 });
    rig.pass(2_000);
    const carriers = rig.outputs.filter((output) => JSON.stringify(output).includes(secret));
    expect(carriers).toHaveLength(2);
    expect(rig.sent(1)[0]).toMatchObject({ t: "client.hello", data: { token: secret } });
    expect(rig.sent(2)[0]).toMatchObject({ t: "session.resume", data: { token: `${secret}-fresh` } });
  });
});

describe("a server that does not answer", () => {
  it("is given up after the connect timeout when the socket does not open", () => {
    const rig = new SessionRig({ connectTimeoutMs: 3_000 });
    rig.start();
    rig.pass(2_999);
    expect(rig.disconnects).toEqual([]);
    rig.pass(1);
    expect(rig.disconnects).toEqual([{ type: "disconnect", connection: 1, code: 4408, reason: "connect timeout" }]);
    expect(rig.eventsOf("reconnecting")[0]?.error).toMatchObject({
      code: "connect-timeout",
      details: { timeoutMs: 3_000 },
    });
  });

  it("is given up after the connect timeout when the socket opens and stays silent, however late it opened", () => {
    // AssemblyAI/assemblyai-node-sdk#169, field report 95
    const rig = new SessionRig({ connectTimeoutMs: 3_000 });
    rig.start();
    rig.pass(2_900);
    rig.open();
    rig.pass(99);
    expect(rig.disconnects).toEqual([]);
    rig.pass(1);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
    expect(rig.eventsOf("reconnecting")[0]?.error.message).toContain("A connection was opened");
  });

  // Field report 95
  it("is given up after the connect timeout though it says something all the time that is no answer", () => {
    const rig = new SessionRig({ connectTimeoutMs: 3_000 });
    rig.start();
    rig.open();
    for (let n = 0; n < 5; n += 1) {
      rig.pass(500);
      rig.say("server.hb", {});
      rig.say("status", { n });
      rig.say("server.error", { code: "later" });
      rig.caption(n + 1);
    }
    expect(rig.disconnects).toEqual([]);
    rig.pass(500);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
  });

  it("gains no time by welcoming its client again and again", () => {
    const rig = new SessionRig({ connectTimeoutMs: 3_000 });
    rig.start();
    rig.open();
    for (let n = 0; n < 10; n += 1) {
      rig.welcome();
      rig.pass(500);
    }
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
  });

  it("has time for each message that it sends again, and only for as many as it announced", () => {
    const rig = new SessionRig({ connectTimeoutMs: 3_000 });
    rig.connect();
    rig.reconnect();
    rig.welcome();
    const nothing = { finalized_transcript: [], active_partials: [] };
    rig.say("session.snapshot", { session_id: "session", epoch: 7, current_seq: 4, ...nothing });
    for (let seq = 1; seq <= 8; seq += 1) {
      rig.pass(2_900);
      expect(rig.disconnects).toEqual([]);
      rig.caption(seq);
      if (seq === 4) break;
    }
    for (let seq = 5; seq <= 8; seq += 1) {
      rig.pass(700);
      rig.caption(seq);
    }
    rig.pass(200);
    expect(rig.disconnects).toMatchObject([{ connection: 2, code: 4408 }]);
  });

  it("is not given up while its answer is still coming in", () => {
    const rig = new SessionRig({ connectTimeoutMs: 3_000 });
    rig.start();
    rig.open();
    rig.pass(2_500);
    rig.welcome();
    rig.pass(2_500);
    expect(rig.disconnects).toEqual([]);
    rig.pass(500);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
  });
});

describe("a server that takes no audio", () => {
  it("is listened to, and the page is told that the audio stays here", () => {
    const rig = new SessionRig();
    rig.start();
    rig.open();
    rig.welcome({ audio: undefined });
    rig.caption(1);
    rig.frames(10);
    rig.pass(1_000);
    expect(rig.warnings()).toEqual(["audio-refused"]);
    expect(rig.eventsOf("connected")).toHaveLength(1);
    expect(rig.eventsOf("message")).toHaveLength(1);
    expect(rig.audio()).toEqual([]);
    expect(rig.session.stats.bufferedFrames).toBe(10);
  });
});

describe("connections of the past", () => {
  it("can neither speak, nor close, nor open, any more", () => {
    // pladaria/reconnecting-websocket#14, partykit/partykit#912
    const rig = new SessionRig();
    rig.connect();
    rig.reconnect();
    rig.takeUp(0);
    const before = rig.outputs.length;
    rig.receive('{"v":1,"t":"asr.final","seq":1,"data":{"text":"ghost","segment_id":"s"}}', 1);
    rig.receive("no JSON at all", 1);
    rig.lose(4401, "", 1);
    rig.do({ type: "open", connection: 1, token: undefined });
    expect(rig.outputs.slice(before)).toEqual([]);
    expect(rig.session.done).toBe(false);
  });

  it("cannot speak before they are open either", () => {
    const rig = new SessionRig();
    rig.start();
    rig.begin();
    rig.say("weather.now", {});
    expect(rig.outputs).toHaveLength(1);
  });
});

describe("a server that breaks the protocol", () => {
  it.each([
    ["says what is no JSON", "nonsense"],
    ["uses a reserved type nobody knows", '{"v":1,"t":"server.surprise","data":{}}'],
    ["sends a wrong field", '{"v":1,"t":"audio.ack","data":{"position":"far"}}'],
    ["sends a binary message", new Uint8Array([1, 2, 3])],
  ])("is warned about, left with 4400, and tried again, when it %s", (_, data) => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(3);
    rig.receive(data);
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4400 }]);
    expect(rig.eventsOf("reconnecting")[0]?.error.code).toBe("protocol-violation");
    rig.pass(5_000);
    expect(rig.connects).toHaveLength(2);
    expect(rig.session.stats.bufferedFrames).toBe(3);
  });
});

import { CloseCode, encodeAudioFrame, type ServerData } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { ProtocolServer, TERMS } from "../support/protocol-server.js";

const TTL_MS = TERMS.resumeTtlMs;

const begun = (): ProtocolServer => {
  const server = new ProtocolServer();
  server.open(1, "first");
  server.beat(1);
  return server;
};

// scribble-rs/scribble.rs#157, field report 72
describe("a session that another client asks for", () => {
  it("is refused for good while its own client is heard", () => {
    const server = begun();
    server.pass(5_000);
    server.open(2, "second");
    expect(server.error(2)).toEqual({ code: "in_use", detail: "Another client holds this session." });
    expect(server.closed(2)).toBe(CloseCode.inUse);
  });

  it("is refused with what is left of its time once its own client is gone, and is given away after that", () => {
    const server = begun();
    server.handle({ type: "closed", peer: 1, code: 1006 });
    server.pass(20_000);
    server.open(2, "second");
    expect(server.error(2)).toMatchObject({ code: "in_use", retry_after_ms: 40_000 });
    expect(server.closed(2)).toBe(CloseCode.inUse);
    server.pass(40_000);
    server.open(3, "second");
    expect(server.said(3).map(({ t }) => t)).toEqual(["server.welcome", "session.new", "audio.ack"]);
  });

  it("is given away at the very moment at which its time is over, though no timer has said so yet", () => {
    const server = begun();
    server.handle({ type: "closed", peer: 1, code: 1006 });
    server.pass(TTL_MS - 1);
    server.now += 1;
    server.open(2, "second");
    expect(server.closed(2)).toBeUndefined();
    expect(server.said(2).map(({ t }) => t)).toContain("session.new");
  });

  it("is refused with a time while its own client keeps a silence that no living one keeps", () => {
    const server = begun();
    server.pass(15_000);
    server.open(2, "second");
    // What is left until the connection is given up, and then the time for which the session waits.
    expect(server.error(2)).toMatchObject({ code: "in_use", retry_after_ms: 15_000 + TTL_MS });
  });

  it("is refused with a time that the protocol allows, however long the server's settings make sessions wait", () => {
    const server = new ProtocolServer({ ...TERMS, resumeTtlMs: 86_400_000 });
    server.open(1, "first");
    server.beat(1);
    server.pass(15_000);
    server.open(2, "second");
    expect(server.error(2)).toMatchObject({ code: "in_use", retry_after_ms: 86_400_000 });
  });

  it("is taken over at once by one who asks for that", () => {
    const server = begun();
    server.handle({ type: "closed", peer: 1, code: 1006 });
    server.open(2, "second", { takeover: true });
    expect(server.said(2).map(({ t }) => t)).toContain("session.new");
  });
});

// GetStream/stream-chat-js#698 for servers, field report 69: a server that did not run blames nobody for it.
// Servers behind one address that share no sessions, as in a rolling update: the client is led from one to the other.
describe("a client that comes back from another server, which has gone on with its audio", () => {
  it("begins a new lineage here, whether its old connection has been found dead or not", () => {
    for (const isDetached of [true, false]) {
      const server = begun();
      if (isDetached) server.handle({ type: "closed", peer: 1, code: 1006 });
      server.resume(2, "first", { epoch: 4711, resume_token: "of the other server" });
      expect(server.said(2).map(({ t }) => t)).toEqual(["server.welcome", "session.new", "audio.ack"]);
      expect(server.said(2)[1]?.data).toMatchObject({ epoch: 2, reason: "unknown_session" });
      expect(server.closed(1)).toBe(isDetached ? undefined : CloseCode.replaced);
      expect(server.protocol.sessionCount).toBe(1);
      const finished = server.outputs.filter((output) => output.type === "finished" && output.key.epoch === 1);
      expect(finished).toMatchObject([{ reason: "superseded" }]);
    }
  });

  it("is refused like anybody else with a wrong secret of the lineage that is here", () => {
    const server = begun();
    server.resume(2, "first", { epoch: 1, resume_token: "guessed" });
    expect(server.error(2)).toMatchObject({ code: "invalid_resume_token" });
    expect(server.closed(2)).toBe(CloseCode.forbidden);
    expect(server.closed(1)).toBeUndefined();
  });

  it("is refused if it is not this session's client, or is an echo of an older connection", () => {
    const server = begun();
    server.resume(2, "second", { epoch: 4711 });
    server.resume(3, "first", { epoch: 4711, attempt: 1 });
    expect([server.closed(2), server.closed(3)]).toEqual([CloseCode.inUse, CloseCode.replaced]);
    expect(server.closed(1)).toBeUndefined();
  });
});

// The connection may have broken before the request came, and what is lost once can be lost again in the same place.
describe("a server that lacks audio and has asked for it", () => {
  it("asks again on the next connection, where the same audio is lost again", () => {
    const server = begun();
    const frame = { flags: 0, position: 640, sampleCount: 320, payload: new Uint8Array(640) };
    const lose = (peer: number) => server.handle({ type: "data", peer, data: encodeAudioFrame(frame) });
    const requests = (peer: number) => server.said(peer).filter(({ t }) => t === "audio.resync");
    lose(1);
    lose(1);
    expect(requests(1)).toMatchObject([{ data: { position: 0 } }]);
    server.handle({ type: "closed", peer: 1, code: 1006 });
    const [welcome] = server.said(1);
    const { resume_window: resumeWindow } = (welcome ?? { data: {} }).data as ServerData["server.welcome"];
    server.resume(2, "first", { epoch: 1, resume_token: resumeWindow.token });
    expect(server.said(2).map(({ t }) => t)).toContain("session.ack");
    lose(2);
    expect(requests(2)).toMatchObject([{ data: { position: 0 } }]);
  });

  it("asks again on the same connection after five seconds, and no more once it has it", () => {
    const server = begun();
    const put = (position: number) => {
      const frame = { flags: 0, position, sampleCount: 320, payload: new Uint8Array(640) };
      server.handle({ type: "data", peer: 1, data: encodeAudioFrame(frame) });
    };
    const requests = () => server.said(1).filter(({ t }) => t === "audio.resync");
    put(640);
    server.pass(4_900);
    expect(requests()).toHaveLength(1);
    server.pass(200);
    expect(requests()).toHaveLength(2);
    put(0);
    server.pass(6_000);
    expect(requests()).toHaveLength(2);
  });
});

describe("a resume secret", () => {
  it("is void once its client has sent anything on a connection that brought a newer one", () => {
    const server = begun();
    for (const [peer, attempt] of [
      [2, 2],
      [3, 3],
    ] as const) {
      server.handle({ type: "closed", peer: peer - 1, code: 1006 });
      server.resume(peer, "first", { attempt, resume_token: "secret 1" });
      expect(server.said(peer).map(({ t }) => t)).toContain("session.ack");
    }
    server.beat(3);
    server.handle({ type: "closed", peer: 3, code: 1006 });
    server.resume(4, "first", { attempt: 4, resume_token: "secret 1" });
    expect(server.error(4)).toMatchObject({ code: "invalid_resume_token" });
    server.resume(5, "first", { attempt: 4, resume_token: "secret 3" });
    expect(server.said(5).map(({ t }) => t)).toContain("session.ack");
  });
});

describe("a server that was paused", () => {
  it("lets a detached session wait its whole time anew, since nobody could come back meanwhile", () => {
    const server = begun();
    server.handle({ type: "closed", peer: 1, code: 1006 });
    server.pass(50_000);
    server.sleep(3_600_000);
    server.pass(TTL_MS - 1_000);
    expect(server.protocol.sessionCount).toBe(1);
    server.resume(2, "first", { resume_token: "secret 1" });
    expect(server.said(2).map(({ t }) => t)).toContain("session.ack");
  });

  it("gives a session up that nobody comes back to after that", () => {
    const server = begun();
    server.handle({ type: "closed", peer: 1, code: 1006 });
    server.sleep(3_600_000);
    server.pass(TTL_MS);
    expect(server.protocol.sessionCount).toBe(0);
  });

  it("counts the silence of neither a client nor a connection that has not said who it is", () => {
    const server = begun();
    server.handle({ type: "connected", peer: 2 });
    server.sleep(3_600_000);
    server.pass(9_000);
    server.beat(1);
    expect(server.closed(1)).toBeUndefined();
    expect(server.closed(2)).toBeUndefined();
  });
});

describe("a session in which something fails that nothing expected", () => {
  it("ends with every connection that has to do with it, and with nobody else's", () => {
    let secrets = 0;
    const server = new ProtocolServer(TERMS, () => {
      secrets += 1;
      if (secrets === 3) throw new Error("There are no more secrets.");
      return `secret ${secrets}`;
    });
    server.open(1, "first");
    server.open(2, "other", { session_id: "another session" });
    server.resume(3, "first", { resume_token: "secret 1" });
    expect([server.closed(1), server.closed(3)]).toEqual([CloseCode.internalError, CloseCode.internalError]);
    expect(server.error(3)).toMatchObject({ code: "internal_error" });
    expect(server.outputs.filter(({ type }) => type === "fault")).toHaveLength(1);
    expect(server.outputs.filter(({ type }) => type === "finished")).toMatchObject([{ reason: "failed" }]);
    expect([server.closed(2), server.protocol.sessionCount]).toEqual([undefined, 1]);
    server.open(4, "first", { attempt: 3 });
    expect(server.said(4).map(({ t }) => t)).toContain("session.new");
  });
});

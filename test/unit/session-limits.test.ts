import { encodeAudioFrame } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { ProtocolServer, TERMS } from "../support/protocol-server.js";

const IDLE_MS = 300_000;
const FULL_MS = 630_000;

const frame = (position: number): Uint8Array<ArrayBuffer> =>
  encodeAudioFrame({ flags: 0, position, sampleCount: 320, payload: new Uint8Array(640) });

/** Audio and heartbeats for so long, as a living client sends them; the recording keeps up. */
function speak(server: ProtocolServer, peer: number, fromPosition: number, durationMs: number, stepMs = 9_000): number {
  let position = fromPosition;
  for (let at = 0; at < durationMs; at += stepMs) {
    server.handle({ type: "data", peer, data: frame(position) });
    position += 320;
    if (server.key !== undefined) server.handle({ type: "kept", key: server.key, position });
    server.pass(stepMs);
  }
  return position;
}

function beat(server: ProtocolServer, peer: number, durationMs: number): void {
  for (let at = 0; at < durationMs; at += 9_000) {
    server.beat(peer);
    server.pass(9_000);
  }
}

const last = (server: ProtocolServer, peer: number) => server.said(peer).at(-1);
const finished = (server: ProtocolServer) =>
  server.outputs.flatMap((output) => (output.type === "finished" ? [[output.key.sessionId, output.reason]] : []));

describe("a session without audio", () => {
  it("is ended with a reason when it has been so for as long as is allowed, and not while there is audio", () => {
    const server = new ProtocolServer({ ...TERMS, idleMs: IDLE_MS });
    server.open(1, "first");
    const position = speak(server, 1, 0, 2 * IDLE_MS);
    expect(server.closed(1)).toBeUndefined();
    beat(server, 1, IDLE_MS - 20_000);
    expect(server.closed(1)).toBeUndefined();
    beat(server, 1, 30_000);
    expect(server.closed(1)).toBe(4408);
    const reason = "The session had no audio for as long as the server allows.";
    expect(last(server, 1)).toMatchObject({ t: "session.end", data: { position, reason } });
    expect(finished(server)).toEqual([["session", "expired"]]);
    expect(server.protocol.wakeAt).toBeUndefined();
  });

  it("is not blamed for time in which the server slept", () => {
    const server = new ProtocolServer({ ...TERMS, idleMs: IDLE_MS });
    server.open(1, "first");
    server.beat(1);
    server.sleep(2 * IDLE_MS);
    beat(server, 1, IDLE_MS - 20_000);
    expect(server.closed(1)).toBeUndefined();
  });
});

describe("a session that is as long as is allowed", () => {
  const full = (): { readonly server: ProtocolServer; readonly position: number } => {
    const server = new ProtocolServer({ ...TERMS, sessionMs: FULL_MS });
    server.open(1, "first");
    const position = speak(server, 1, 0, FULL_MS - 9_000);
    expect(server.outputs.some(({ type }) => type === "end-audio")).toBe(false);
    beat(server, 1, 18_000);
    expect(server.outputs.filter(({ type }) => type === "end-audio")).toHaveLength(1);
    return { server, position };
  };

  it("takes no more audio, says its last words, and sends its client to another one", () => {
    const { server, position } = full();
    const { key } = server;
    if (key === undefined) throw new Error("There is no session.");
    const taken = server.outputs.filter(({ type }) => type === "audio").length;
    server.handle({ type: "data", peer: 1, data: frame(position) });
    expect(server.outputs.filter(({ type }) => type === "audio")).toHaveLength(taken);
    expect(server.closed(1)).toBeUndefined();
    server.handle({ type: "emit", key, t: "asr.final", data: { text: "the last word", segment_id: "s" } });
    server.handle({ type: "drained", key });
    expect(server.said(1).slice(-2)).toMatchObject([
      { t: "asr.final", data: { text: "the last word" } },
      { t: "server.goaway", data: { retry_after_ms: 0 } },
    ]);
    expect(server.closed(1)).toBe(1012);
    expect(finished(server)).toEqual([["session", "ended"]]);
    const audio = {
      encoding: "pcm_s16le",
      sample_rate: 16_000,
      channels: 1,
      first: position,
      next: position + 320,
    } as const;
    server.resume(2, "first", { audio });
    expect(server.said(2).slice(0, 2)).toMatchObject([
      { t: "server.welcome" },
      { t: "session.new", data: { reason: "unknown_session", audio: { position } } },
    ]);
  });

  it("does not wait for a recogniser that says no last word", () => {
    const { server } = full();
    beat(server, 1, 27_000);
    expect(server.closed(1)).toBeUndefined();
    beat(server, 1, 27_000);
    expect(server.closed(1)).toBe(1012);
  });

  it("tells a client that was away its last words first", () => {
    const { server } = full();
    const { key } = server;
    if (key === undefined) throw new Error("There is no session.");
    server.handle({ type: "closed", peer: 1, code: 1006 });
    server.handle({ type: "emit", key, t: "asr.final", data: { text: "the last word", segment_id: "s" } });
    server.handle({ type: "drained", key });
    server.resume(2, "first", { resume_token: "secret 1" });
    expect(server.said(2).map(({ t }) => t)).toEqual([
      ...["server.welcome", "session.snapshot", "asr.final", "session.ack", "audio.ack", "server.goaway"],
    ]);
  });

  it("that its client has ended itself is ended, and not handed over", () => {
    const server = new ProtocolServer({ ...TERMS, sessionMs: FULL_MS });
    server.open(1, "first");
    const position = speak(server, 1, 0, FULL_MS - 18_000);
    server.handle({ type: "data", peer: 1, data: JSON.stringify({ v: 1, t: "client.end", data: { position } }) });
    beat(server, 1, 60_000);
    expect(server.said(1).some(({ t }) => t === "server.goaway")).toBe(false);
    expect(server.outputs.filter(({ type }) => type === "end-audio")).toHaveLength(1);
  });
});

// Field report 103
describe("a server without room", () => {
  const opened = (count: number): ProtocolServer => {
    const server = new ProtocolServer();
    for (let peer = 1; peer <= count; peer += 1) {
      server.open(peer, `client ${peer}`, { session_id: `session ${peer}` });
      server.pass(10);
    }
    return server;
  };
  const knock = (server: ProtocolServer, peer: number): number | undefined => {
    server.open(peer, `client ${peer}`, { session_id: `session ${peer}` });
    return server.closed(peer);
  };

  it("refuses a client for the time being while all others are there", () => {
    const server = opened(10);
    expect(knock(server, 11)).toBe(4429);
    expect(server.error(11)).toMatchObject({ code: "overloaded", retry_after_ms: 5_000 });
    expect(finished(server)).toEqual([]);
  });

  it("makes it by ending a session whose client is gone: without audio before with, and the longest gone first", () => {
    const server = opened(10);
    server.handle({ type: "data", peer: 2, data: frame(0) });
    for (const peer of [2, 5, 4, 7]) {
      server.handle({ type: "closed", peer, code: 1006 });
      server.pass(10);
    }
    for (let peer = 11; peer <= 14; peer += 1) expect(knock(server, peer)).toBeUndefined();
    expect(finished(server).map(([name]) => name)).toEqual(["session 5", "session 4", "session 7", "session 2"]);
    expect(knock(server, 15)).toBe(4429);
  });

  it("lets one subject have no more than its places, and nobody else is any the worse", () => {
    const server = new ProtocolServer(TERMS, undefined, {
      maxSessionsPerSubject: 2,
      subjectOf: (peer) => ([5, 6].includes(peer) ? "bob" : "ada"),
    });
    for (const peer of [1, 2]) expect(knock(server, peer)).toBeUndefined();
    expect(knock(server, 3)).toBe(4429);
    expect(server.error(3)).toMatchObject({ code: "too_many_sessions", retry_after_ms: 5_000 });
    for (const peer of [5, 6]) expect(knock(server, peer)).toBeUndefined();
    server.handle({ type: "closed", peer: 5, code: 1006 });
    expect(knock(server, 3)).toBe(4429);
    server.handle({ type: "closed", peer: 1, code: 1000 });
    expect(knock(server, 4)).toBeUndefined();
    expect(finished(server).map(([name]) => name)).toEqual(["session 1"]);
    server.handle({ type: "closed", peer: 2, code: 1006 });
    expect(knock(server, 7)).toBeUndefined();
    expect(finished(server).map(([name]) => name)).toEqual(["session 1", "session 2"]);
  });
});

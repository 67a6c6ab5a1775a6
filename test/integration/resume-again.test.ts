import { CloseCode } from "loquilex/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { RawClient } from "../support/raw-client.js";

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

const connect = (identity?: RawClient): Promise<RawClient> => RawClient.connect(backend.webSocketUrl, identity);

const AUDIO = { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 } as const;

/** Resumes on a fresh connection with the secret that the last connection brought. */
async function resume(last: RawClient, attempt: number): Promise<RawClient> {
  const token = last.messages("server.welcome").at(-1)?.data.resume_window.token;
  const epoch = last.messages("session.new").at(-1)?.data.epoch ?? last.messages("session.ack").at(-1)?.data.epoch;
  const next = await connect(last);
  next.send("session.resume", {
    agent: "test",
    accept: ["audio/1"],
    ack_mode: "cumulative",
    max_in_flight: 64,
    session_id: last.sessionId,
    client_id: last.clientId,
    attempt,
    audio: AUDIO,
    last_seq: 0,
    epoch,
    resume_token: token,
  });
  await next.until("session.ack");
  return next;
}

// socketio/socket.io#4880, socketio/socket.io#5538: a session can be resumed once, or only after a first message; the
// late close of an old connection ends the session that has long moved on.
describe.concurrent("a session that is resumed again and again", () => {
  it("resumes before anything was said or sent, and each time after", async () => {
    let client = await connect();
    client.hello();
    await client.until("session.new");
    for (let attempt = 2; attempt <= 6; attempt += 1) {
      client.socket.terminate();
      client = await resume(client, attempt);
      expect(client.messages("session.ack").at(-1)?.data.audio?.position).toBe((attempt - 2) * 320);
      client.sendFrame((attempt - 2) * 320);
      await client.untilAcknowledged((attempt - 1) * 320);
    }
    client.socket.close(CloseCode.normal);
  });

  it("goes on when the connection it left behind closes late", async () => {
    const first = await connect();
    first.hello();
    await first.until("session.new");
    first.sendFrame(0);
    await first.untilAcknowledged(320);
    const second = await resume(first, 2);
    expect(await first.untilClosed()).toMatchObject({ code: CloseCode.replaced });
    first.socket.terminate();
    second.sendFrame(320);
    await second.untilAcknowledged(640);
    const third = await resume(second, 3);
    expect(third.messages("session.ack").at(-1)?.data.audio?.position).toBe(640);
    third.socket.close(CloseCode.normal);
  });

  it("is not attached to the connection of an older attempt that arrives late", async () => {
    const first = await connect();
    first.hello();
    await first.until("session.new");
    first.sendFrame(0);
    await first.untilAcknowledged(320);
    const third = await resume(first, 3);
    const late = await connect(first);
    late.hello({ attempt: 2 });
    expect(await late.untilClosed()).toMatchObject({ code: CloseCode.replaced });
    third.sendFrame(320);
    await third.untilAcknowledged(640);
    third.socket.close(CloseCode.normal);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";
import { expectEverythingOnDisk } from "../support/server-disk.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { TinyServer } from "../support/tiny-server.js";
import { PATIENTLY } from "../support/waiting.js";

const TOKEN = "right-token-5e1f9c";
const WRONG = "wrong-token-77aa02";
const TICKET = "ticket-in-a-subprotocol-41";

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({
    env: { LX_ENGINE: "segmenter", LX_TOKEN: TOKEN, LX_LOG_LEVEL: "trace" },
  });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

describe.concurrent("a token", () => {
  // wireapp/wire-webapp#21612: a reconnect loop with an expired token, or dead until the page is loaded again.
  it("that has expired is asked for once more, and the fresh one is used", async () => {
    let asked = 0;
    await using stream = await NodeStream.start(backend.webSocketUrl, {
      getToken: () => (++asked === 1 ? WRONG : TOKEN),
    });
    await stream.captured(300);
    await stream.close();
    expect(asked).toBe(2);
    expect(stream.losses.map(({ error }) => error.code)).toEqual(["unauthorized"]);
    await expectEverythingOnDisk(backend, stream);
  });

  // wireapp/wire-webapp#21612
  it("that is refused twice ends the stream, without a loop", async () => {
    let asked = 0;
    await using stream = new NodeStream(backend.webSocketUrl, {
      getToken: async () => {
        asked += 1;
        return WRONG;
      },
    });
    await expect(stream.stream.start()).rejects.toMatchObject({ code: "unauthorized", retryable: false });
    expect(asked).toBe(2);
    expect(stream.sockets).toHaveLength(2);
    expect(String((await stream.closed).outcome)).toBe("failed");
  });

  it("that is missing ends the stream at the first answer, since asking again cannot help", async () => {
    await using stream = new NodeStream(backend.webSocketUrl);
    await expect(stream.stream.start()).rejects.toMatchObject({ code: "unauthorized" });
    expect(stream.sockets).toHaveLength(1);
  });

  // wireapp/wire-webapp#21612
  it("is asked for anew on every connection, the resumed ones too, and one that expires in mid-stream is replaced", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    const tokens = [TOKEN, WRONG, TOKEN, TOKEN];
    const given: string[] = [];
    await using stream = await NodeStream.start(`ws://127.0.0.1:${proxy.port}/v1/stream`, {
      getToken: () => {
        const token = tokens[given.length] ?? WRONG;
        given.push(token);
        return token;
      },
    });
    await stream.captured(400);
    proxy.reset();
    await stream.reconnected(1);
    await stream.captured(1_500);
    proxy.reset();
    await stream.reconnected(2);
    await stream.captured(2_500);
    await stream.close();
    expect(given).toEqual(tokens);
    await expectEverythingOnDisk(backend, stream);
  });
});

// cryostatio/cryostat-legacy#100: a token in access logs, or echoed back.
describe("a secret", () => {
  it("is sent in the first message and never in the address", async () => {
    await using server = await TinyServer.listen((connection) => connection.begin());
    await using stream = await NodeStream.start(server.url, { getToken: () => TOKEN });
    expect(stream.sockets.map(({ url }) => url)).toEqual([server.url]);
    const [connection] = server.connections;
    expect(connection?.path).toBe("/v1/stream");
    expect(connection?.messages[0]).toMatchObject({ t: "client.hello", data: { token: TOKEN } });
  });

  it("offered as a subprotocol is not echoed: the answer names the protocol alone", async () => {
    const client = await RawClient.connect(backend.webSocketUrl, { protocols: [TICKET, "loquilex.v1"] });
    expect(client.socket.protocol).toBe("loquilex.v1");
    client.socket.terminate();
  });

  it("is in no line of the server's log, however much that is told to say", async () => {
    const answers: string[] = [];
    for (const token of [TOKEN, WRONG, undefined]) {
      const client = await RawClient.connect(backend.webSocketUrl, { protocols: ["loquilex.v1", TICKET] });
      client.hello({ token });
      await client.until(token === TOKEN ? "session.new" : "server.error");
      client.sendText(JSON.stringify({ v: 1, t: "client.hello", data: { token, session_id: 7 } }));
      await client.untilClosed();
      answers.push(client.closed?.reason ?? "", JSON.stringify(client.messages("server.error")));
    }
    await expect.poll(() => backend.log, PATIENTLY).toContain("Closed a connection.");
    for (const text of [backend.log, ...answers]) {
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain(WRONG);
      expect(text).not.toContain(TICKET);
    }
  });
});

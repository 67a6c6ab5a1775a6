import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { loopbackServer } from "../support/loopback-server.js";
import { NodeStream } from "../support/node-stream.js";

/** How a first connection to this address fails. */
async function failureAt(url: string): Promise<Error> {
  await using stream = new NodeStream(url, { reconnect: { initial: "fail-fast" } });
  const error = await stream.stream.start().then(
    () => new Error("The stream has started."),
    (reason: Error) => reason,
  );
  expect(error).toMatchObject({ code: "connect-failed", retryable: true });
  expect(stream.warnings).toEqual([error]);
  return error;
}

/** A TCP server that does this with each connection. @returns its port. */
async function tcpServer(connected: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    connected(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}

async function webSocketServer(answer: string | false): Promise<number> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => answer });
  await once(server, "listening");
  onTestFinished(() => server.close());
  return (server.address() as AddressInfo).port;
}

// Field report 74: sixty seconds of silence, and no reason.
describe("an error of a first connection", () => {
  it("names the refusal when nothing listens there", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    const { message } = await failureAt(`ws://127.0.0.1:${port}/v1/stream?token=secret`);
    expect(message).toContain(`127.0.0.1:${port} could not be reached. What is known: connect ECONNREFUSED`);
    expect(message).not.toContain("secret");
  });

  it("names a host that does not exist", async () => {
    const { message } = await failureAt("ws://nowhere.invalid/v1/stream");
    expect(message).toMatch(/What is known: getaddrinfo E[A-Z_]+ nowhere\.invalid\./);
  });

  it.each([404, 200, 403, 502])("names the status when a web server answers with %i", async (status) => {
    const address = await loopbackServer((_, response) => response.writeHead(status).end("a page"));
    const { message } = await failureAt(address.replace("http", "ws"));
    expect(message).toContain(`What is known: Unexpected server response: ${status}.`);
  });

  it("says that TLS failed when the port speaks none, in one line", async () => {
    const address = await loopbackServer((_, response) => response.end("a page"));
    const { message } = await failureAt(address.replace("http", "wss"));
    expect(message).toContain("What is known: TLS failed with ");
    expect(message).toContain("the address should begin with ws:");
    expect(message).not.toMatch(/\n|deps/);
  });

  it("says that the other end hung up when it did", async () => {
    const port = await tcpServer((socket) => socket.once("data", () => socket.end()));
    expect((await failureAt(`ws://127.0.0.1:${port}`)).message).toContain("What is known: socket hang up.");
  });

  it("says what it got when the other end speaks no HTTP", async () => {
    const port = await tcpServer((socket) => socket.end("220 mail.example.org ESMTP\r\n"));
    expect((await failureAt(`ws://127.0.0.1:${port}`)).message).toContain("What is known: Parse Error");
  });

  // swoole/swoole-src#946, field report 84
  it.each<[string | false, string]>([
    [false, "Server sent no subprotocol"],
    ["other.v1", "Server sent an invalid subprotocol"],
  ])("says so when the server echoes the subprotocol as %o", async (answer, words) => {
    const port = await webSocketServer(answer);
    expect((await failureAt(`ws://127.0.0.1:${port}`)).message).toContain(`What is known: ${words}.`);
  });
});

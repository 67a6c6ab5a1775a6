import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TcpProxy } from "../support/tcp-proxy.js";
import { PATIENTLY } from "../support/waiting.js";

/** What one end of a connection has seen. */
class End {
  readonly socket: Socket;
  readonly #pieces: Buffer[] = [];
  byteCount = 0;
  ended = false;
  closed = false;
  errorCode: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.#pieces.push(bytes);
      this.byteCount += bytes.byteLength;
    });
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code;
    });
    socket.on("close", () => {
      this.closed = true;
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

const until = (condition: () => boolean) => expect.poll(condition, { ...PATIENTLY, interval: 2 }).toBe(true);
/** Long enough for anything that would wrongly get through on the loopback interface. */
const aMoment = () => delay(60);

/** @returns how many milliseconds have passed since now. */
function sinceNow(): () => number {
  const startedAt = performance.now();
  return () => performance.now() - startedAt;
}

/** So many timers, one after the other. */
async function timersOf(delayMs: number, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await delay(delayMs);
}

describe("TcpProxy", () => {
  let serverEnds: End[];
  let clientEnds: End[];
  let proxy: TcpProxy;
  const server = createServer({ allowHalfOpen: true }, (socket) => serverEnds.push(new End(socket)));

  beforeEach(async () => {
    serverEnds = [];
    clientEnds = [];
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy = await TcpProxy.listen({ targetPort: (server.address() as AddressInfo).port });
  });

  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    for (const { socket } of [...clientEnds, ...serverEnds]) socket.destroy();
    server.close();
    await once(server, "close");
  });

  /** A client, and the server's end of its connection. */
  async function connected(): Promise<[client: End, server: End]> {
    const client = new End(connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true }));
    const index = clientEnds.push(client) - 1;
    await until(() => serverEnds.length > index);
    const end = serverEnds[index];
    if (end === undefined) throw new Error("The server has no such connection.");
    return [client, end];
  }

  it("passes bytes and the end of each direction on, in order and unchanged", async () => {
    const [client, end] = await connected();
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31) & 0xff));
    client.socket.end(bytes);
    await until(() => end.ended);
    expect(end.received.equals(bytes)).toBe(true);
    end.socket.end("answer");
    await until(() => client.closed);
    expect(client.received.toString()).toBe("answer");
    expect(client.errorCode).toBeUndefined();
    expect(proxy.delivered("toServer")).toBe(200_000);
    expect(proxy.delivered("toClient")).toBe(6);
    await until(() => proxy.openConnections === 0);
  });

  it("refuses new connections, keeps open ones, and accepts on the same port again", async () => {
    const [client, end] = await connected();
    const { port } = proxy;
    proxy.refuse();
    const refused = new End(connect(port, "127.0.0.1"));
    await until(() => refused.closed);
    expect(refused.errorCode).toBe("ECONNREFUSED");
    client.socket.write("still here");
    await until(() => end.received.toString() === "still here");
    await proxy.accept();
    expect(proxy.port).toBe(port);
    await connected();
    expect(proxy.connectionCount).toBe(2);
  });

  it("resets both ends at once", async () => {
    const [client, end] = await connected();
    proxy.reset();
    await until(() => client.closed && end.closed);
    expect(client.errorCode).toBe("ECONNRESET");
    expect(end.errorCode).toBe("ECONNRESET");
    expect(proxy.openConnections).toBe(0);
  });

  it("swallows one direction without a sign of it, the end of the connection included", async () => {
    const [client, end] = await connected();
    proxy.blackHole("toServer");
    client.socket.write("lost");
    end.socket.write("heard");
    await until(() => client.received.toString() === "heard");
    client.socket.destroy();
    await aMoment();
    expect(end.byteCount).toBe(0);
    expect(end.ended || end.closed).toBe(false);
  });

  it("strands the open connections without a sign of it, and passes new ones", async () => {
    const [client, end] = await connected();
    proxy.strand();
    const [laterClient, laterEnd] = await connected();
    client.socket.write("anybody?");
    end.socket.write("hello");
    laterClient.socket.write("question");
    laterEnd.socket.write("answer");
    await until(() => laterEnd.received.toString() === "question" && laterClient.received.toString() === "answer");
    await aMoment();
    expect(client.byteCount + end.byteCount).toBe(0);
    client.socket.destroy();
    await aMoment();
    expect(end.ended || end.closed).toBe(false);
  });

  it("accepts connections into the black hole, where they stay silent", async () => {
    proxy.blackHole("toServer");
    proxy.blackHole("toClient");
    const [client, end] = await connected();
    client.socket.write("anybody?");
    end.socket.write("hello");
    await aMoment();
    expect(client.byteCount + end.byteCount).toBe(0);
    expect(client.closed || end.closed).toBe(false);
  });

  it("holds answers back and delivers them later, in order", async () => {
    const [client, end] = await connected();
    proxy.hold("toClient");
    client.socket.write("request");
    await until(() => end.received.toString() === "request");
    end.socket.write("first ");
    end.socket.end("second");
    await proxy.until("the answer is held", () => proxy.held("toClient") === 12);
    expect(client.byteCount).toBe(0);
    proxy.pass("toClient");
    await until(() => client.ended);
    expect(client.received.toString()).toBe("first second");
  });

  it("loses held answers with a reset: the server received, and the client does not know", async () => {
    const [client, end] = await connected();
    proxy.hold("toClient");
    client.socket.write("audio");
    await until(() => end.received.toString() === "audio");
    end.socket.write("acknowledged");
    await proxy.until("the answer is held", () => proxy.held("toClient") > 0);
    proxy.reset();
    await until(() => client.closed);
    expect(client.byteCount).toBe(0);
    expect(client.errorCode).toBe("ECONNRESET");
  });

  it("cuts after exactly so many bytes, and lets later connections pass", async () => {
    const [client, end] = await connected();
    client.socket.write(Buffer.alloc(1_000));
    await until(() => end.byteCount === 1_000);
    proxy.cutAfter("toServer", 2_345);
    client.socket.write(Buffer.alloc(10_000));
    // Bytes and a reset that arrive together are bytes and an end to Node.
    await until(() => client.closed && (end.ended || end.closed));
    expect(end.byteCount).toBe(3_345);
    const [again, next] = await connected();
    again.socket.write(Buffer.alloc(10_000));
    await until(() => next.byteCount === 10_000);
  });

  it("throttles to a rate, and makes the sender wait", async () => {
    const [client, end] = await connected();
    proxy.throttle("toServer", 100_000);
    const elapsed = sinceNow();
    client.socket.write(Buffer.alloc(30_000));
    const [elapsedMs, referenceMs] = await Promise.all([
      until(() => end.byteCount === 30_000).then(elapsed),
      // On a busy machine the proxy's timers are late, and these are as late as they.
      timersOf(20, 15).then(elapsed),
    ]);
    expect(elapsedMs).toBeGreaterThan(250);
    expect(elapsedMs / referenceMs).toBeLessThan(3);
    client.socket.write(Buffer.alloc(32 * 1024 * 1024));
    await aMoment();
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(proxy.held("toServer")).toBeLessThan(1_000_000);
    proxy.throttle("toServer", undefined);
    await until(() => end.byteCount === 30_000 + 32 * 1024 * 1024);
  });

  it("lets bytes and the end of a connection be on their way, in order, one direction only", async () => {
    const [client, end] = await connected();
    proxy.delay("toServer", 300);
    const elapsed = sinceNow();
    client.socket.end("last words");
    end.socket.write("not delayed");
    await until(() => client.byteCount > 0);
    expect(end.byteCount).toBe(0);
    await until(() => end.byteCount > 0);
    expect(elapsed()).toBeGreaterThan(290);
    await until(() => end.ended);
    expect(end.received.toString()).toBe("last words");
  });

  it("lets the end alone be on its way for as long as bytes are", async () => {
    const [client, end] = await connected();
    proxy.delay("toServer", 300);
    const elapsed = sinceNow();
    client.socket.end();
    await until(() => end.ended);
    expect(elapsed()).toBeGreaterThan(290);
  });

  it("delivers bytes before the reset that came after them, however long they are on their way", async () => {
    const [client, end] = await connected();
    proxy.delay("toServer", 200);
    client.socket.write("last words");
    await aMoment();
    client.socket.resetAndDestroy();
    await until(() => end.byteCount > 0 || end.closed);
    expect(end.received.toString()).toBe("last words");
    // Bytes and a reset that arrive together are bytes and an end to Node.
    await until(() => end.ended || end.closed);
  });

  it("keeps the order when it is told to delay no longer while something is on its way", async () => {
    const [client, end] = await connected();
    proxy.delay("toServer", 200);
    client.socket.write("first ");
    await aMoment();
    proxy.delay("toServer", 0);
    client.socket.end("second");
    await until(() => end.ended);
    expect(end.received.toString()).toBe("first second");
  });

  it("resets the client when the server cannot be reached", async () => {
    const nowhere = await TcpProxy.listen({ targetPort: 1 });
    const client = new End(connect(nowhere.port, "127.0.0.1"));
    await until(() => client.closed);
    expect(client.errorCode).toBe("ECONNRESET");
    await nowhere[Symbol.asyncDispose]();
  });

  it("says what it waited for in vain", async () => {
    await expect(proxy.until("a miracle", () => false, 20)).rejects.toThrow("in vain for this: a miracle.");
  });
});

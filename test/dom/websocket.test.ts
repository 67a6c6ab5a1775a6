import { WebSocket as MockWebSocket, Server } from "mock-socket";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TransportConnectOptions } from "../../src/transport/transport.js";
import { webSocket } from "../../src/transport/websocket.js";
import { rejectionOf } from "../support/observed-stream.js";
import { PATIENTLY } from "../support/waiting.js";

const ADDRESS = "ws://127.0.0.1:8080/audio";

/** The browser's class as the adapter used it. */
class RecordedSocket extends MockWebSocket {
  static readonly made: RecordedSocket[] = [];
  readonly offered: string | string[] | undefined;
  readonly closings: (readonly [number | undefined, string | undefined])[] = [];
  override readonly bufferedAmount = 1_234;
  sends = 0;
  readonly listening = new Map<string, number>();

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    this.offered = protocols;
    RecordedSocket.made.push(this);
  }

  override send(data: Parameters<MockWebSocket["send"]>[0]): void {
    this.sends += 1;
    super.send(data);
  }

  override close(code?: number, reason?: string): void {
    if (reason !== undefined && new TextEncoder().encode(reason).byteLength > 123) throw new SyntaxError("Too long.");
    this.closings.push([code, reason]);
    super.close(code, reason);
  }

  override addEventListener(...listener: Parameters<MockWebSocket["addEventListener"]>): void {
    this.#count(listener[0], 1);
    super.addEventListener(...listener);
  }

  override removeEventListener(...listener: Parameters<MockWebSocket["removeEventListener"]>): void {
    this.#count(listener[0], -1);
    super.removeEventListener(...listener);
  }

  get listenerCount(): number {
    return Array.from(this.listening.values()).reduce((sum, count) => sum + count, 0);
  }

  #count(type: string, by: number): void {
    // The mock's server listens on the very same object.
    if (type.startsWith("server::")) return;
    // The mock's own constructor registers before the field is there.
    this.listening?.set(type, (this.listening.get(type) ?? 0) + by);
  }
}

const Implementation = RecordedSocket as unknown as typeof WebSocket;

let server: Server;
let serverSide: {
  send(data: unknown): void;
  close(options?: { code: number; reason: string; wasClean: boolean }): void;
};
let received: unknown[];

beforeEach(() => {
  RecordedSocket.made.length = 0;
  received = [];
  server = new Server(ADDRESS, { mock: false });
  server.on("connection", (socket) => {
    serverSide = socket as unknown as typeof serverSide;
    socket.on("message", (data) => received.push(data));
  });
});

afterEach(() => {
  server.close();
});

const lastSocket = (): RecordedSocket => {
  const last = RecordedSocket.made.at(-1);
  if (last === undefined) throw new Error("No socket was made.");
  return last;
};

function connectOptions(more: Partial<TransportConnectOptions> = {}) {
  const messages: unknown[] = [];
  const options: TransportConnectOptions = {
    attempt: 1,
    signal: new AbortController().signal,
    onMessage: (data) => messages.push(data),
    ...more,
  };
  return { options, messages };
}

async function connected(more: Partial<TransportConnectOptions> = {}) {
  const { options, messages } = connectOptions(more);
  const connection = await webSocket(ADDRESS, { WebSocket: Implementation }).connect(options);
  return { connection, messages };
}

describe("the address", () => {
  it.each([
    ["ws://127.0.0.1:8080/audio", "ws://127.0.0.1:8080/audio"],
    ["wss://example.org/audio?room=1", "wss://example.org/audio?room=1"],
    ["http://example.org", "ws://example.org/"],
    ["https://example.org/audio", "wss://example.org/audio"],
    ["/audio", "ws://localhost:3000/audio"],
    ["audio?x=1#fragment", "ws://localhost:3000/audio?x=1"],
    [new URL("https://example.org/a#b"), "wss://example.org/a"],
  ])("%s becomes %s", async (given, expected) => {
    const controller = new AbortController();
    const { options } = connectOptions({ signal: controller.signal });
    const connecting = rejectionOf(webSocket(given, { WebSocket: Implementation }).connect(options));
    await Promise.resolve();
    controller.abort("enough");
    await connecting;
    expect(lastSocket().url).toBe(expected);
  });

  it.each(["ftp://example.org", "file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x"])(
    "%s is refused at once",
    (url) => {
      expect(() => webSocket(url)).toThrow(TypeError);
      expect(() => webSocket(url)).toThrow(/must use ws, wss, http or https/);
    },
  );

  it.each(["http://", "ws://[", "wss://exa mple.org"])("%s is refused at once as no URL at all", (url) => {
    expect(() => webSocket(url)).toThrow(/must be a valid URL/);
  });

  // As text they are paths: the stream would knock at "/undefined" of the page's own server for a minute.
  it.each([undefined, null, 8787, { url: "wss://example.org" }, "", " \t"])(
    "%j is refused at once as no address",
    (given) => {
      expect(() => webSocket(given as never)).toThrow(/The server's URL must be a/);
    },
  );

  it("is asked for anew at each attempt, which it is told, and may take its time", async () => {
    const { options } = connectOptions();
    const provider = vi.fn(async () => ADDRESS);
    const transport = webSocket(provider, { WebSocket: Implementation });
    expect(provider).not.toHaveBeenCalled();
    const first = await transport.connect(options);
    const second = await transport.connect({ ...options, attempt: 2 });
    expect(provider.mock.calls).toEqual([
      [{ attempt: 1, signal: options.signal }],
      [{ attempt: 2, signal: options.signal }],
    ]);
    first.close(1000, "");
    second.close(1000, "");
  });

  it("that a provider cannot give, or gives wrongly, fails the attempt", async () => {
    const { options } = connectOptions();
    const failure = new Error("no directory");
    const failing = webSocket(() => Promise.reject(failure), { WebSocket: Implementation });
    expect(await rejectionOf(failing.connect(options))).toBe(failure);
    const wrong = webSocket(() => "ftp://example.org", { WebSocket: Implementation });
    expect(await rejectionOf(wrong.connect(options))).toMatchObject({ code: "connect-impossible", retryable: false });
    expect(RecordedSocket.made).toEqual([]);
  });
});

describe("the handshake", () => {
  it.each([
    [undefined, "loquilex.v1"],
    ["other.v1", "other.v1"],
    [
      ["loquilex.v1", "ticket.abc"],
      ["loquilex.v1", "ticket.abc"],
    ],
  ])("with the option %s offers %s", async (protocols, expected) => {
    const { options } = connectOptions();
    const connection = await webSocket(ADDRESS, { WebSocket: Implementation, protocols }).connect(options);
    expect(lastSocket().offered).toEqual(expected);
    connection.close(1000, "");
  });

  it("that fails names the server, and nothing of the address that may be secret", async () => {
    const { options } = connectOptions();
    const nobody = webSocket("ws://127.0.0.1:9/private?token=secret", { WebSocket: Implementation });
    const error = await rejectionOf(nobody.connect(options));
    expect(error).toMatchObject({ code: "connect-failed", retryable: true });
    expect((error as Error).message).toContain("127.0.0.1:9");
    expect((error as Error).message).not.toMatch(/private|secret/);
    expect(lastSocket().listenerCount).toBe(0);
  });

  it("uses the browser's own class unless told otherwise", async () => {
    vi.stubGlobal("WebSocket", Implementation);
    try {
      const { options } = connectOptions();
      const connection = await webSocket(ADDRESS).connect(options);
      expect(RecordedSocket.made).toHaveLength(1);
      connection.close(1000, "");
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("a connection", () => {
  it("carries text and bytes both ways, and bytes as bytes", async () => {
    // h3js/crossws#198
    const { connection, messages } = await connected();
    expect(lastSocket().binaryType).toBe("arraybuffer");
    serverSide.send("text");
    serverSide.send(new Uint8Array([1, 2, 3]).buffer);
    await expect.poll(() => messages.length, PATIENTLY).toBe(2);
    expect(messages[0]).toBe("text");
    expect(messages[1]).toBeInstanceOf(Uint8Array);
    expect(messages[1]).toEqual(new Uint8Array([1, 2, 3]));
    connection.send("hello");
    connection.send(new Uint8Array([4, 5]));
    await expect.poll(() => received.length, PATIENTLY).toBe(2);
    expect(received).toEqual(["hello", new Uint8Array([4, 5])]);
    connection.close(1000, "");
  });

  it("tells what the socket still holds", async () => {
    const { connection } = await connected();
    expect(connection.bufferedBytes).toBe(1_234);
    connection.close(1000, "");
  });

  it("tells code and reason when the server ends it", async () => {
    // whatwg/websockets#21
    const { connection } = await connected();
    serverSide.close({ code: 4403, reason: "no such plan", wasClean: true });
    expect(await connection.closed).toMatchObject({ code: 4403, reason: "no such plan" });
    expect(lastSocket().listenerCount).toBe(0);
    connection.send("too late");
    expect(lastSocket().sends).toBe(0);
    connection.close(1000, "again");
    expect(await connection.closed).toMatchObject({ code: 4403 });
  });

  it("that is closed hears nothing more, and does not wait for the close event", async () => {
    // pladaria/reconnecting-websocket#14
    const { connection, messages } = await connected();
    connection.close(4408, "heartbeat timeout");
    expect(lastSocket().listenerCount).toBe(0);
    expect(lastSocket().closings).toEqual([[4408, "heartbeat timeout"]]);
    expect(await connection.closed).toEqual({ code: 4408, reason: "heartbeat timeout", clean: false });
    lastSocket().dispatchEvent(new MessageEvent("message", { data: "was on its way" }));
    expect(messages).toEqual([]);
  });

  it("is closed with as much of the reason as a close frame holds, whatever the letters", async () => {
    const { connection } = await connected();
    connection.close(4400, "日".repeat(120));
    expect(lastSocket().closings).toEqual([[4400, "日".repeat(41)]]);
  });
});

describe("what can never work", () => {
  const throwing = (error: Error) =>
    class {
      constructor() {
        throw error;
      }
    } as unknown as typeof WebSocket;

  // insidewhy/rxjs-websockets#42, field report 73
  it.each([
    ["ws: on a page on https", new DOMException("An insecure connection may not be made.", "SecurityError")],
    ["a nonsense subprotocol", new DOMException("The subprotocol is invalid.", "SyntaxError")],
    ["no implementation", new TypeError("WebSocket is not a constructor.")],
  ])("is named as final: %s", async (_, cause) => {
    const { options } = connectOptions();
    const error = await rejectionOf(webSocket(ADDRESS, { WebSocket: throwing(cause) }).connect(options));
    expect(error).toMatchObject({ code: "connect-impossible", retryable: false, cause });
    expect((error as Error).message).toContain(cause.message);
  });

  it("is not what a provider of addresses says that cannot reach its own server", async () => {
    const { options } = connectOptions();
    const cause = new TypeError("Failed to fetch");
    const failing = webSocket(() => Promise.reject(cause), { WebSocket: Implementation });
    expect(await rejectionOf(failing.connect(options))).toBe(cause);
  });

  it("is not an error of an implementation's own kind", async () => {
    const { options } = connectOptions();
    const cause = new Error("no memory");
    expect(await rejectionOf(webSocket(ADDRESS, { WebSocket: throwing(cause) }).connect(options))).toBe(cause);
  });
});

/** An implementation that accepts what a browser would refuse, or says what a browser would keep to itself. */
function otherImplementation(
  happens: (socket: EventTarget & { onerror?: (event: Event) => void }) => void,
  protocol = "",
) {
  const sockets: EventTarget[] = [];
  const closings: (readonly unknown[])[] = [];
  class Other extends EventTarget {
    readonly protocol = protocol;
    onerror: ((event: Event) => void) | undefined;
    constructor() {
      super();
      sockets.push(this);
      queueMicrotask(() => happens(this as never));
    }
    close(...args: unknown[]): void {
      closings.push(args);
    }
  }
  return { WebSocket: Other as unknown as typeof WebSocket, closings };
}

// swoole/swoole-src#946, field report 84
describe("a server that does not echo the subprotocol", () => {
  const open = (socket: EventTarget) => socket.dispatchEvent(new Event("open"));

  it.each([
    ["", "without a subprotocol"],
    ["other.v1", 'with the subprotocol "other.v1"'],
    ["LOQUILEX.V1", 'with the subprotocol "LOQUILEX.V1"'],
  ])("is named, and its socket closed, when it answers with %o", async (protocol, words) => {
    const { options } = connectOptions();
    const other = otherImplementation(open, protocol);
    const error = await rejectionOf(webSocket(`${ADDRESS}?token=secret`, other).connect(options));
    expect(error).toMatchObject({ code: "connect-failed", retryable: true });
    expect((error as Error).message).toContain(`127.0.0.1:8080 accepted the WebSocket ${words}`);
    expect((error as Error).message).toContain("loquilex.v1 was offered");
    expect((error as Error).message).not.toContain("secret");
    expect(other.closings).toEqual([[1000, "aborted"]]);
  });

  it.each([
    [["loquilex.v1", "ticket.abc"], "ticket.abc"],
    ["other.v1", "other.v1"],
    [[], ""],
  ])("is another one than a server that answers %j with %o", async (protocols, protocol) => {
    const { options } = connectOptions();
    const other = otherImplementation(open, protocol);
    const connection = await webSocket(ADDRESS, { ...other, protocols }).connect(options);
    expect(other.closings).toEqual([]);
    connection.close(1000, "done");
  });
});

describe("what an implementation says about its failure", () => {
  const failing = (error: object) =>
    otherImplementation((socket) => {
      socket.onerror?.(Object.assign(new Event("error"), error));
      socket.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "", wasClean: false }));
    });

  it.each<[string, object, string]>([
    ["a message", { message: "connect EHOSTUNREACH" }, "What is known: connect EHOSTUNREACH."],
    [
      "an error for each address of a name",
      { message: "", error: new AggregateError([new Error("refused by ::1"), new Error("refused by 127.0.0.1")]) },
      "What is known: Error: refused by ::1; Error: refused by 127.0.0.1.",
    ],
    ["nothing", {}, "the browser does not say why. Check the network"],
    ["nonsense", { message: 7, error: "none" }, "the browser does not say why. Check the network"],
  ])("is part of the error: %s", async (_, said, expected) => {
    const { options } = connectOptions();
    const error = await rejectionOf(webSocket(ADDRESS, failing(said)).connect(options));
    expect(error).toMatchObject({ code: "connect-failed" });
    expect((error as Error).message).toContain(expected);
  });
});

describe("an abort", () => {
  it("before the attempt makes no socket", async () => {
    const { options } = connectOptions({ signal: AbortSignal.abort("gone") });
    expect(await rejectionOf(webSocket(ADDRESS, { WebSocket: Implementation }).connect(options))).toBe("gone");
    expect(RecordedSocket.made).toEqual([]);
  });

  it("while the address is asked for makes no socket", async () => {
    const controller = new AbortController();
    const { options } = connectOptions({ signal: controller.signal });
    let answer: (url: string) => void = () => {};
    const provider = () => new Promise<string>((resolve) => (answer = resolve));
    const connecting = rejectionOf(webSocket(provider, { WebSocket: Implementation }).connect(options));
    controller.abort("gone");
    answer(ADDRESS);
    expect(await connecting).toBe("gone");
    expect(RecordedSocket.made).toEqual([]);
  });

  it("while it connects closes the socket inside the call", async () => {
    // partykit/partykit#912
    const controller = new AbortController();
    const { options, messages } = connectOptions({ signal: controller.signal });
    const connecting = rejectionOf(webSocket(ADDRESS, { WebSocket: Implementation }).connect(options));
    await Promise.resolve();
    expect(lastSocket().readyState).toBe(MockWebSocket.CONNECTING);
    const reason = new Error("gone");
    controller.abort(reason);
    expect(lastSocket().closings).toEqual([[1000, "aborted"]]);
    expect(lastSocket().listenerCount).toBe(0);
    expect(await connecting).toBe(reason);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(messages).toEqual([]);
  });

  it("closes an open socket inside the call, once, and tells that it is gone", async () => {
    const controller = new AbortController();
    const { connection } = await connected({ signal: controller.signal });
    controller.abort("gone");
    expect(lastSocket().closings).toEqual([[1000, "aborted"]]);
    expect(lastSocket().listenerCount).toBe(0);
    expect(await connection.closed).toMatchObject({ clean: false });
  });

  it("after the connection was closed does nothing to the socket", async () => {
    const controller = new AbortController();
    const { connection } = await connected({ signal: controller.signal });
    connection.close(4000, "rollover");
    controller.abort("gone");
    expect(lastSocket().closings).toEqual([[4000, "rollover"]]);
  });
});

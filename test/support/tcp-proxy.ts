import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "loquilex/resources";
import { type Direction, Link, type Mode, Path } from "./tcp-proxy-link.js";

export interface TcpProxyOptions {
  readonly targetPort: number;
  /** @defaultValue "127.0.0.1" */
  readonly targetHost?: string;
}

/**
 * A TCP proxy on 127.0.0.1 that breaks connections in the ways networks do. A killed localhost socket tells both ends at
 * once and hides bugs, so it can also fall silent without telling anybody. What is set holds for connections that are
 * open and for those still to come.
 */
export class TcpProxy implements AsyncDisposable {
  readonly #target: { readonly port: number; readonly host: string };
  readonly #links = new Set<Link>();
  readonly #waiters = new Set<() => void>();
  readonly #paths: Record<Direction, Path> = { toServer: new Path(), toClient: new Path() };
  #server: Server | undefined;
  #port = 0;
  #connectionCount = 0;

  private constructor(options: TcpProxyOptions) {
    this.#target = { port: options.targetPort, host: options.targetHost ?? "127.0.0.1" };
  }

  static async listen(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await proxy.accept();
    return proxy;
  }

  /** Stays the same when connections are refused in between. */
  get port(): number {
    return this.#port;
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#links.size;
  }

  /** Connections that clients have made so far. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Bytes delivered so far. */
  delivered(direction: Direction): number {
    return this.#paths[direction].deliveredBytes;
  }

  /** Bytes that came in and are held back now. */
  held(direction: Direction): number {
    return Array.from(this.#links).reduce((sum, link) => sum + link.heldBytes(direction), 0);
  }

  /** Listens, after {@link refuse}. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#connected(client));
    this.#server = server;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
  }

  /** New connections get "connection refused"; open ones live on. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Ends every open connection at once with a reset on both sides; what is held back is lost. */
  reset(): void {
    for (const link of this.#links) link.reset();
  }

  /** Swallows what comes in, in one direction: the sender sees a healthy connection, and the end of one is not passed on. */
  blackHole(direction: Direction): void {
    this.#set(direction, "swallow");
  }

  /**
   * Swallows everything on the connections that are open now, both ways unless told, as when a device changes its
   * network; neither side is told. New connections are not touched.
   */
  strand(...directions: readonly Direction[]): void {
    for (const link of this.#links) link.strand(directions.length === 0 ? ["toServer", "toClient"] : directions);
  }

  /** Keeps what comes in back, until {@link pass} delivers it or {@link reset} loses it. */
  hold(direction: Direction): void {
    this.#set(direction, "hold");
  }

  /** Delivers as before, beginning with what was held back. */
  pass(direction: Direction): void {
    this.#set(direction, "pass");
  }

  /** Delivers at most so many bytes in a second, all connections together; `undefined` lifts it. */
  throttle(direction: Direction, bytesPerSecond: number | undefined): void {
    this.#paths[direction].bytesPerSecond = bytesPerSecond;
    this.#pump();
  }

  /** Lets everything that comes in from now on, the end of a connection included, be on its way for so long, in order. */
  delay(direction: Direction, delayMs: number): void {
    this.#paths[direction].delayMs = delayMs;
  }

  /** Delivers exactly so many more bytes in one direction, and then resets every open connection. */
  cutAfter(direction: Direction, bytes: number): void {
    this.#paths[direction].cutAt = this.#paths[direction].deliveredBytes + bytes;
    this.#pump();
  }

  /**
   * Resolves as soon as `condition` holds; it is asked whenever something arrives, is delivered or ends.
   *
   * @param what for the error when it does not hold in time.
   */
  async until(what: string, condition: () => boolean, timeoutMs = 10_000): Promise<void> {
    let late = false;
    const cancel = systemClock.schedule(timeoutMs, () => {
      late = true;
      this.#changed();
    });
    try {
      while (!condition()) {
        if (late) throw new Error(`The proxy waited ${timeoutMs} ms in vain for this: ${what}.`);
        await new Promise<void>((resolve) => this.#waiters.add(resolve));
      }
    } finally {
      cancel();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.refuse();
    this.reset();
    if (server?.listening) await once(server, "close");
  }

  #set(direction: Direction, mode: Mode): void {
    this.#paths[direction].mode = mode;
    this.#pump();
  }

  #pump(): void {
    for (const link of this.#links) link.pump();
    this.#changed();
  }

  #changed(): void {
    const waiters = Array.from(this.#waiters);
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }

  #connected(client: Socket): void {
    this.#connectionCount++;
    const link = new Link(client, connect({ ...this.#target, allowHalfOpen: true, noDelay: true }), this.#paths, {
      onChange: () => this.#changed(),
      onCut: () => this.reset(),
      onEnd: () => {
        this.#links.delete(link);
        this.#changed();
      },
    });
    this.#links.add(link);
    this.#changed();
  }
}

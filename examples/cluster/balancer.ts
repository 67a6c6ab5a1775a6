import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Scope, systemClock } from "loquilex/resources";

export interface BalancerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Ports of the nodes that there are already, on the same host. */
  readonly nodes: readonly number[];
}

/** How long a node may take to accept a connection. */
const CONNECT_MS = 1_000;
/** How often nodes are asked whether they are ready, and how long they may take to answer. */
const POLL_MS = 100;
const ANSWER_MS = 2_000;

/**
 * A load balancer for TCP: each connection goes to the next node whose `/readyz` says yes and that accepts it. One that is
 * about to stop says no and so gets no new clients, and those that it has are left alone. If no node is ready, one gets the
 * connection nevertheless, because only a node can say why nobody is served. The balancer knows nothing of sessions.
 */
export class Balancer implements AsyncDisposable {
  readonly #options: BalancerOptions;
  readonly #scope = new Scope({ name: "balancer", clock: systemClock });
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #yes = new Set<number>();
  #nodes: readonly number[];
  #turn = 0;

  /** For {@link Balancer.listen}. */
  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#nodes = options.nodes;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.#serve(client));
  }

  /** Resolves when each node has been asked. @throws the system's error if the port is taken. */
  static async listen(options: BalancerOptions): Promise<Balancer> {
    const balancer = new Balancer(options);
    balancer.#server.listen(options.port, options.host);
    await once(balancer.#server, "listening");
    await balancer.#poll();
    return balancer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ports of the nodes that get new connections. */
  get ready(): readonly number[] {
    return this.#nodes.filter((port) => this.#yes.has(port));
  }

  /** There is another node. Resolves when it has been asked. */
  async add(port: number): Promise<void> {
    this.#nodes = [...this.#nodes, port];
    await this.#ask(port);
  }

  /** Another node takes the place of one that is going. */
  replace(old: number, by: number): void {
    this.#nodes = this.#nodes.map((port) => (port === old ? by : port));
    this.#yes.delete(old);
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    await this.#scope.dispose();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Never rejects. */
  async #poll(): Promise<void> {
    await Promise.all(this.#nodes.map((port) => this.#ask(port)));
    if (!this.#scope.disposed) this.#scope.timeout(POLL_MS, () => void this.#poll());
  }

  /** Never rejects. */
  async #ask(port: number): Promise<void> {
    const signal = AbortSignal.any([this.#scope.signal, AbortSignal.timeout(ANSWER_MS)]);
    const answer = await fetch(`http://${this.#options.host}:${port}/readyz`, { signal }).catch(() => undefined);
    await answer?.body?.cancel().catch(() => {});
    // One that has been replaced meanwhile gets nobody, whatever it said.
    if (answer?.ok === true && this.#nodes.includes(port)) this.#yes.add(port);
    else this.#yes.delete(port);
  }

  /** Never rejects. */
  async #serve(client: Socket): Promise<void> {
    this.#keep(client);
    this.#turn += 1;
    const others = this.#nodes.filter((port) => !this.#yes.has(port));
    for (const port of [...fromTurn(this.ready, this.#turn), ...fromTurn(others, this.#turn)]) {
      if (client.destroyed) return;
      const node = await this.#connect(port);
      if (node === undefined) continue;
      join(client, node);
      return;
    }
    client.destroy();
  }

  #connect(port: number): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: this.#options.host, allowHalfOpen: true, noDelay: true });
      this.#keep(socket);
      const cancel = systemClock.schedule(CONNECT_MS, () => socket.destroy());
      socket.once("close", () => {
        cancel();
        resolve(undefined);
      });
      socket.once("connect", () => {
        cancel();
        resolve(socket);
      });
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // It is followed by the end of the connection, which is all that counts.
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

const fromTurn = (ports: readonly number[], turn: number): number[] => {
  const first = turn % Math.max(1, ports.length);
  return [...ports.slice(first), ...ports.slice(0, first)];
};

/** What one end says goes to the other, and they end together. */
function join(client: Socket, node: Socket): void {
  client.pipe(node);
  node.pipe(client);
  client.once("close", () => node.destroy());
  node.once("close", () => client.destroy());
  if (client.destroyed) node.destroy();
}

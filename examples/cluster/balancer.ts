import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "loquilex/resources";

export interface BalancerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Ports of the nodes, on the same host. */
  readonly nodes: readonly number[];
}

/** How long a node may take to accept a connection. */
const CONNECT_MS = 1_000;

/**
 * A load balancer for TCP: each connection goes to the next node that accepts it. It knows nothing of sessions, because
 * every node can go on with any of them.
 */
export class Balancer implements AsyncDisposable {
  readonly #options: BalancerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next = 0;

  /** For {@link Balancer.listen}. */
  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#server = createServer((client) => void this.#serve(client));
  }

  /** @throws the system's error if the port is taken. */
  static async listen(options: BalancerOptions): Promise<Balancer> {
    const balancer = new Balancer(options);
    balancer.#server.listen(options.port, options.host);
    await once(balancer.#server, "listening");
    return balancer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Never rejects. */
  async #serve(client: Socket): Promise<void> {
    this.#keep(client);
    const { nodes } = this.#options;
    const first = this.#next;
    this.#next = (first + 1) % nodes.length;
    for (let count = 0; count < nodes.length && !client.destroyed; count += 1) {
      const node = await this.#connect(nodes[(first + count) % nodes.length] ?? 0);
      if (node === undefined) continue;
      join(client, node);
      return;
    }
    client.destroy();
  }

  #connect(port: number): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: this.#options.host });
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
    socket.setNoDelay(true);
    // It is followed by the end of the connection, which is all that counts.
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

/** What one end says goes to the other, and they end together. */
function join(client: Socket, node: Socket): void {
  client.pipe(node);
  node.pipe(client);
  client.once("close", () => node.destroy());
  node.once("close", () => client.destroy());
  if (client.destroyed) node.destroy();
}

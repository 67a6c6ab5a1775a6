import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type Clock, Scope, systemClock } from "loquilex/resources";

const POLL_MS = 100;

/** A node behind the balancer. */
export interface BalancedNode {
  readonly port: number;
}

/** Leads new connections, in turn, to the nodes whose `/readyz` says yes. Connections that there are it leaves alone. */
export class Balancer implements AsyncDisposable {
  readonly #scope: Scope;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #nodes: readonly BalancedNode[];
  #ready: readonly number[] = [];
  #turn = 0;

  private constructor(nodes: readonly BalancedNode[], clock: Clock) {
    this.#nodes = nodes;
    this.#scope = new Scope({ name: "balancer", clock });
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#lead(client));
  }

  static async listen(nodes: readonly BalancedNode[]): Promise<Balancer> {
    const balancer = new Balancer(nodes, systemClock);
    balancer.#server.listen(0, "127.0.0.1");
    await once(balancer.#server, "listening");
    await balancer.#poll();
    return balancer;
  }

  get webSocketUrl(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/stream`;
  }

  /** Ports of the nodes that get new connections. */
  get ready(): readonly number[] {
    return this.#ready;
  }

  replace(old: BalancedNode, by: BalancedNode): void {
    this.#nodes = this.#nodes.map((node) => (node === old ? by : node));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.dispose();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await once(this.#server, "close");
  }

  async #poll(): Promise<void> {
    const answers = this.#nodes.map(async ({ port }) => {
      const signal = AbortSignal.any([this.#scope.signal, AbortSignal.timeout(2_000)]);
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal }).catch(() => undefined);
      await answer?.body?.cancel();
      return answer?.ok === true ? [port] : [];
    });
    this.#ready = (await Promise.all(answers)).flat();
    if (!this.#scope.disposed) this.#scope.timeout(POLL_MS, () => void this.#poll());
  }

  #lead(client: Socket): void {
    this.#turn += 1;
    const port = this.#ready[this.#turn % Math.max(1, this.#ready.length)];
    if (port === undefined) {
      client.destroy();
      return;
    }
    const node = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    for (const [socket, other] of [
      [client, node],
      [node, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}

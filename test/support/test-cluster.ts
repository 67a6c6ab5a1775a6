import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { Balancer } from "../../examples/cluster/balancer.js";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import { recoverRecordings } from "../../examples/server/recording/recover-recordings.js";
import { BackendProcess } from "./backend-process.js";
import type { NodeStream } from "./node-stream.js";
import { isProcessAlive } from "./process-alive.js";
import { RedisServer } from "./redis-server.js";
import { expectCaptionsOnce } from "./shown-captions.js";
import { accountFor, NOTHING_WRONG, readSamples } from "./stamped-audio.js";
import { TcpProxy } from "./tcp-proxy.js";

const NODES = 2;

type Environment = Readonly<Record<string, string>>;

/** What a node answers to `/healthz`. */
interface Health {
  readonly sessions: number;
  readonly store: { readonly ok: boolean; readonly detail?: string };
}

/** Nodes behind a balancer that share a Redis, each in a process of its own and with a folder of its own. */
export class TestCluster implements AsyncDisposable {
  readonly redis: RedisServer;
  /** What lies between each node and Redis. */
  readonly lines: readonly TcpProxy[];
  readonly nodes: BackendProcess[];
  readonly #envs: readonly Environment[];
  readonly #balancer: Balancer;

  private constructor(
    redis: RedisServer,
    lines: readonly TcpProxy[],
    envs: readonly Environment[],
    nodes: BackendProcess[],
    balancer: Balancer,
  ) {
    this.redis = redis;
    this.lines = lines;
    this.#envs = envs;
    this.nodes = nodes;
    this.#balancer = balancer;
  }

  /**
   * @param more is added to the environment of the nodes.
   * @param leadElsewhere whether nodes that are cut off send their clients to those that are not.
   */
  static async start(more: Environment = {}, leadElsewhere = false): Promise<TestCluster> {
    const redis = await RedisServer.start();
    const common = { LX_ENGINE: "segmenter", LX_MAX_SESSIONS: "1000", LX_LOG_LEVEL: "info", ...more };
    const balancer = await Balancer.listen({ host: "127.0.0.1", port: 0, nodes: [] });
    // It leads to whichever of them is ready.
    const peers = leadElsewhere ? { LX_PEERS: `http://127.0.0.1:${balancer.port}` } : {};
    const lines = await Promise.all(Array.from({ length: NODES }, () => TcpProxy.listen({ targetPort: redis.port })));
    const envs = lines.map(({ port }) => ({ ...common, ...peers, LX_STORE: `redis://127.0.0.1:${port}` }));
    const nodes = await Promise.all(
      envs.map(async (env) => BackendProcess.start({ env, outDir: await mkdtemp(join(tmpdir(), "loquilex-node-")) })),
    );
    await Promise.all(nodes.map(({ port }) => balancer.add(port)));
    return new TestCluster(redis, lines, envs, nodes, balancer);
  }

  get webSocketUrl(): string {
    return `ws://127.0.0.1:${this.#balancer.port}/v1/stream`;
  }

  /** Ends a node as a power cut would. */
  async kill9(index: number): Promise<void> {
    await this.nodes[index]?.kill9();
  }

  /** Starts a node again, unless it runs. */
  async restart(index: number): Promise<void> {
    const { outDir = "", port = 0, pid = 0 } = this.nodes[index] ?? {};
    if (isProcessAlive(pid)) return;
    this.nodes[index] = await BackendProcess.start({ env: this.#envs[index] ?? {}, outDir, port });
  }

  /** Whether each node says that its store is well. */
  async storesAreWell(): Promise<boolean[]> {
    return (await this.#health()).map(({ store }) => {
      expect(store.ok || store.detail).toBeTruthy();
      return store.ok;
    });
  }

  /** How many sessions each node has. */
  async sessionCounts(): Promise<number[]> {
    return (await this.#health()).map(({ sessions }) => sessions);
  }

  #health(): Promise<Health[]> {
    return Promise.all(this.nodes.map(async ({ url }) => (await (await fetch(`${url}/healthz`)).json()) as Health));
  }

  /**
   * Ends all nodes, and compares what they recorded of streams that have been closed, sample by sample, with what their sources
   * produced. What one node recorded beyond the place where the next one began is the next one's.
   */
  async expectNothingLostOrRepeated(streams: readonly NodeStream[]): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill9()));
    const paths: string[] = [];
    for (const { outDir } of this.nodes) {
      const { failed } = await recoverRecordings(outDir, () => "dead");
      expect(failed).toEqual([]);
      paths.push(...(await readdir(outDir)).filter((name) => name.endsWith(".wav")).map((name) => join(outDir, name)));
    }
    for (const stream of streams) {
      const parts = [];
      for (const path of paths.filter((name) => name.includes(plainWord(stream.stream.sessionId)))) {
        const from = Number(/Zat(\d+)/.exec(path)?.[1] ?? 0);
        parts.push({ from, samples: await readSamples(path) });
      }
      parts.sort((a, b) => a.from - b.from || b.samples.length - a.samples.length);
      const whole = new Int16Array(stream.source.samplesCaptured);
      let end = 0;
      for (const { from, samples } of parts) {
        // A part that began where an earlier one had not come to is a hole.
        expect(
          from,
          `${stream.stream.sessionId}: the parts begin at ${parts.map((part) => part.from)}`,
        ).toBeLessThanOrEqual(end);
        whole.set(samples.subarray(0, whole.length - from), from);
        end = Math.max(end, from + samples.length);
      }
      expect(end).toBe(stream.source.samplesCaptured);
      expect(accountFor(whole, 0, stream.source.samplesCaptured)).toEqual(NOTHING_WRONG);
      expect(stream.drops).toEqual([]);
      expectCaptionsOnce(stream);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#balancer[Symbol.asyncDispose]();
    for (const node of this.nodes) {
      await node[Symbol.asyncDispose]();
      await rm(node.outDir, { recursive: true, force: true });
    }
    for (const line of this.lines) await line[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}

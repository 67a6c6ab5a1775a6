import { expect } from "vitest";
import { NodeStream } from "./node-stream.js";
import { TestCluster } from "./test-cluster.js";
import { PATIENTLY } from "./waiting.js";

/** A client keeps what is not acknowledged for as long as that takes on a busy machine. */
const REPLAY = { maxDurationMs: 120_000, maxBytes: 8_000_000 };
/** How long a stream may be without a node on a busy machine. */
const TAKEOVER_MS = 15_000;
/** What was acknowledged before trouble began has arrived after so much more audio. */
const ON_ITS_WAY_MS = 500;
/** So much audio is enough for an acknowledgement if there is to be any. */
const WATCHED_MS = 300;

export interface SceneOptions {
  readonly streams: number;
  /** Added to the environment of the nodes. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether nodes that are cut off send their clients to those that are not. @defaultValue false */
  readonly leadElsewhere?: boolean;
}

const acknowledgedMs = async ({ stream }: NodeStream): Promise<number> =>
  (await stream.getStats()).acknowledgedDurationMs;

/** Streams that speak with a cluster, and what befalls it. */
export class ClusterScene implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly streams: readonly NodeStream[];
  /** How long each stream was without a node that knew it. */
  readonly takeoversMs: number[] = [];

  private constructor(cluster: TestCluster, streams: readonly NodeStream[]) {
    this.cluster = cluster;
    this.streams = streams;
  }

  static async start({ streams: count, env, leadElsewhere }: SceneOptions): Promise<ClusterScene> {
    const cluster = await TestCluster.start(env, leadElsewhere);
    const streams: NodeStream[] = [];
    const scene = new ClusterScene(cluster, streams);
    try {
      while (streams.length < count) streams.push(await NodeStream.start(cluster.webSocketUrl, { replay: REPLAY }));
      await scene.further(500);
      return scene;
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Lets every stream capture so many milliseconds more. */
  async further(ms: number): Promise<void> {
    await Promise.all(this.streams.map((stream) => stream.captured(stream.source.samplesCaptured / 16 + ms)));
  }

  async storesAre(...well: readonly boolean[]): Promise<void> {
    await expect.poll(() => this.cluster.storesAreWell(), PATIENTLY).toEqual(well);
  }

  /** Redis answers nobody for a while, or is killed and comes back. */
  async losesRedis(how: "pause" | "kill"): Promise<void> {
    const { redis } = this.cluster;
    if (how === "pause") redis.pause();
    else await redis.kill9();
    await this.storesAre(false, false);
    expect(await this.unacknowledged()).toHaveLength(this.streams.length);
    if (how === "pause") redis.resume();
    else await redis.run();
    await this.recovers();
  }

  /** Nothing gets through between these nodes and Redis, and neither is told; it arrives when that is over. */
  async partitions(...nodes: readonly number[]): Promise<void> {
    for (const node of nodes) {
      this.cluster.lines[node]?.hold("toServer");
      this.cluster.lines[node]?.hold("toClient");
    }
    await this.storesAre(...this.cluster.nodes.map((_, index) => !nodes.includes(index)));
  }

  /** The network is whole again. */
  async heals(): Promise<void> {
    for (const line of this.cluster.lines) {
      line.pass("toServer");
      line.pass("toClient");
    }
    await this.recovers();
  }

  /** Waits until both nodes reach Redis and know all that was said. */
  async recovers(): Promise<void> {
    await this.storesAre(...this.cluster.nodes.map(() => true));
    await this.allIsAcknowledged();
  }

  /** Waits until everything that every stream has said so far is acknowledged. */
  async allIsAcknowledged(): Promise<void> {
    const said = this.streams.map(({ source }) => source.samplesCaptured / 16);
    const behind = async () => {
      const acknowledged = await Promise.all(this.streams.map(acknowledgedMs));
      return acknowledged.filter((ms, index) => ms < (said[index] ?? 0));
    };
    await expect.poll(behind, { timeout: 30_000 }).toEqual([]);
  }

  /** The streams of which nothing more is acknowledged. */
  async unacknowledged(): Promise<readonly NodeStream[]> {
    await this.further(ON_ITS_WAY_MS);
    const before = await Promise.all(this.streams.map(acknowledgedMs));
    await this.further(WATCHED_MS);
    const after = await Promise.all(this.streams.map(acknowledgedMs));
    return this.streams.filter((_, index) => after[index] === before[index]);
  }

  /** Kills a node, and waits until each of its streams goes on with the other. */
  async losesNode(victim: number): Promise<void> {
    await this.#takeover(this.streams, async () => {
      await this.cluster.kill9(victim);
      await this.further(300);
    });
  }

  /** Breaks the connections of these streams, and waits until they go on. */
  async loseTheirConnections(streams: readonly NodeStream[]): Promise<void> {
    await this.#takeover(streams, async () => {
      for (const { sockets } of streams) sockets.at(-1)?.terminate();
      await this.further(300);
    });
  }

  async #takeover(streams: readonly NodeStream[], trouble: () => Promise<void>): Promise<void> {
    const before = streams.map(({ losses, reconnections }) => [losses.length, reconnections.length] as const);
    const beganAt = performance.now();
    await trouble();
    await Promise.all(
      streams.map(async (stream, index) => {
        const [losses = 0, reconnections = 0] = before[index] ?? [];
        if (stream.losses.length === losses) return;
        await stream.reconnected(reconnections + 1);
        this.takeoversMs.push(performance.now() - beganAt);
      }),
    );
  }

  /** Ends all streams, and expects that nothing was lost, repeated, dropped or captioned twice, and nobody waited too long. */
  async endsWell(what: string): Promise<void> {
    const sorted = this.takeoversMs.map(Math.round).toSorted((a, b) => a - b);
    const [least, median, most = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
    if (sorted.length > 0) {
      console.log(
        `${what}: ${sorted.length} takeovers after ${least} to ${most} ms, half of them within ${median} ms.`,
      );
    }
    expect(most).toBeLessThan(TAKEOVER_MS);
    await Promise.all(this.streams.map((stream) => stream.close()));
    // Each went on in the same lineage: no server has said that it knew nothing.
    expect(this.streams.flatMap(({ reconnections }) => reconnections.filter(({ resumed }) => !resumed))).toEqual([]);
    await this.cluster.expectNothingLostOrRepeated(this.streams);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.streams) await stream[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}

import type { SessionOptions } from "../../../src/session/session-options.js";
import { ClientNode, SAMPLE_RATE } from "../client-node.js";
import { CALM, drawConditions } from "../conditions.js";
import { Network, type WireServer } from "../network.js";
import { Foul } from "../referee.js";
import { Rng } from "../rng.js";
import { VirtualTime } from "../virtual-time.js";
import type { Payload, Wire } from "../wire.js";
import { CLUSTER_FAULTS } from "./cluster-faults.js";
import { NodeProcess } from "./node-process.js";
import type { DiskPart } from "./node-recording.js";
import { USUAL_MS } from "./redis-line.js";
import { type Compile, SimulatedRedis } from "./simulated-redis.js";

/** What kind of trouble a run may meet. */
export interface ClusterKind {
  /** Redis may forget what it has answered, as one does that writes its file once a second, or everything at once. */
  readonly forgetful: boolean;
}

/** Replaces some of what a seed would draw. */
export interface ClusterGround extends Partial<ClusterKind> {
  /** The only faults that there are. */
  readonly faults?: readonly string[];
}

/** What some of the messages of a node have. */
interface MessageData {
  readonly position?: number;
  readonly audio?: { readonly position: number };
}

const NODES = 2;
/** Longer than a node needs to find out that a session has gone elsewhere, and Redis to answer again. */
const QUIET_MS = 12_000;
/** How long the store may take to forget what is over. */
const FORGETTING_MS = 1_000;
const END_TIMEOUT_MS = 1_000_000_000;
/** A client that has tried often enough waits for minutes. */
const END_MS = 600_000;

/** One run of a client against two nodes that share a Redis: everything about it follows from the seed. */
export class ClusterWorld {
  readonly rng: Rng;
  readonly time: VirtualTime;
  readonly redis: SimulatedRedis;
  readonly network: Network;
  readonly client: ClientNode;
  readonly kind: ClusterKind;
  readonly session: SessionOptions;
  /** What each node has on its disk, whatever becomes of its processes. */
  readonly disks: readonly DiskPart[][] = Array.from({ length: NODES }, () => []);
  readonly log: string[] = [];
  readonly nodes: NodeProcess[] = [];
  /** How often each fault came. */
  readonly faults = new Map<string, number>();
  fault: unknown;
  /** Sessions that the nodes had when all had long been well. */
  sessionsInTheEnd = 0;
  /** The client closed when all had long been well: nothing excuses what is left after that. */
  closedInQuiet = false;
  /** Lineages of which the client has heard more than that they have begun. */
  readonly confirmed = new Set<number>();
  /** Where each lineage begins. */
  readonly #starts = new Map<number, number>();
  readonly #start: (index: number) => NodeProcess;
  readonly #ground: ClusterGround;
  readonly #durationMs: number;
  #numbers = 0;
  #isWell = false;

  constructor(seed: number, compile: Compile, ground: ClusterGround = {}) {
    const rng = new Rng(seed);
    this.rng = rng;
    this.#ground = ground;
    this.time = new VirtualTime(rng);
    this.redis = new SimulatedRedis(this.time, compile);
    this.kind = { forgetful: ground.forgetful ?? rng.chance(0.25) };
    const { terms, session, latencyMs } = drawConditions(rng, CALM, SAMPLE_RATE);
    this.session = session;
    this.#durationMs = rng.between(4_000, 20_000);
    const [diskMs, hearingMs] = [rng.pick([0, 50, 300, 1_500]), rng.pick([0, 100, 1_000])];
    const front = new Front(this);
    this.#start = (index) =>
      new NodeProcess({
        ...{ time: this.time, rng, redis: this.redis, diskMs, hearingMs, parts: this.disks[index] ?? [] },
        mayMissAudio: this.kind.forgetful,
        // What is no longer there cannot be replayed, and that is said; here everything is to come.
        terms: { ...terms, resumeMaxEvents: 500 },
        number: () => {
          this.#numbers += 1;
          return this.#numbers;
        },
        onSaid: (epoch, json) => this.#judgeMessage(epoch, json),
        onFault: (error) => {
          this.fault ??= error;
        },
      });
    for (let index = 0; index < NODES; index += 1) this.nodes.push(this.#start(index));
    this.network = new Network(this.time, rng, front, latencyMs);
    this.client = new ClientNode({
      ...{ time: this.time, session, frameSamples: (SAMPLE_RATE / 1_000) * rng.pick([60, 100, 200]) },
      connect: (node, connection) => this.network.connect(node, connection),
      log: (line) => this.note(line),
      onEvent: () => {},
      reports: () => false,
    });
  }

  /** Speaks while faults come, heals, and ends: in the middle of trouble, or when all has been well for a while. */
  async run(): Promise<void> {
    const { rng, time, client } = this;
    const troubleEndsAt = this.#durationMs + rng.pick([-1_000, 500, 3_000]);
    this.note(this.kind.forgetful ? "Redis is forgetful" : "Redis forgets only what it has answered to nobody");
    client.dispatch({ type: "start" });
    this.#speak();
    this.#misbehave(troubleEndsAt);
    time.at(troubleEndsAt, () => this.#heal());
    const quietAt = troubleEndsAt + QUIET_MS;
    time.at(quietAt, () => {
      this.sessionsInTheEnd = this.nodes.reduce((sum, node) => sum + node.sessionCount, 0);
    });
    this.closedInQuiet = rng.chance(0.7);
    const endsAt = this.closedInQuiet ? quietAt + 1 : this.#durationMs;
    time.at(endsAt, () => {
      this.note("close");
      client.dispatch({ type: "end", timeoutMs: END_TIMEOUT_MS });
    });
    let settledAt = Number.POSITIVE_INFINITY;
    await time.runInTurns(quietAt + END_MS, () => {
      if (this.fault !== undefined) throw this.fault;
      const isSettled = client.session.done && this.nodes.every(({ sessionCount }) => sessionCount === 0);
      if (time.now > quietAt && isSettled) settledAt = Math.min(settledAt, time.now);
      return time.now > settledAt + FORGETTING_MS;
    });
  }

  /** A node that runs, if there is one. */
  pickNode(condition: (node: NodeProcess) => boolean = () => true): NodeProcess | undefined {
    const nodes = this.nodes.filter((node) => node.alive && condition(node));
    return nodes.length === 0 ? undefined : this.rng.pick(nodes);
  }

  /** Starts the nodes that do not run. */
  restartNodes(): void {
    for (const [index, node] of this.nodes.entries()) if (!node.alive) this.nodes[index] = this.#start(index);
  }

  /** Breaks all that leads to Redis, which is no longer there. */
  loseRedis(forgetsMs: number, awayMs: number): void {
    this.redis.die(forgetsMs);
    for (const { line } of this.nodes) line.break("read ECONNRESET", false);
    this.time.after(awayMs, () => {
      this.redis.up = true;
    });
  }

  note(line: string): void {
    this.log.push(`${this.time.now} ${line}`);
  }

  #speak(): void {
    const { time, client } = this;
    const next = (): void => {
      if (client.session.done || time.now >= this.#durationMs) return;
      client.capture(0);
      time.after((client.frameSamples / SAMPLE_RATE) * 1_000, next);
    };
    next();
  }

  #misbehave(until: number): void {
    const { rng, time } = this;
    const all = this.#ground.faults ?? Object.keys(CLUSTER_FAULTS);
    // A run that knows few kinds of trouble meets combinations of them that one which knows all never would.
    const some = this.#ground.faults === undefined && rng.chance(0.6);
    const names = all.filter(() => !some || rng.chance(0.4));
    const perSecond = rng.between(0.5, 4);
    const next = (): void => {
      if (time.now >= until || names.length === 0) return;
      const name = rng.pick(names);
      if (CLUSTER_FAULTS[name]?.(this)) {
        this.note(name);
        this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
      }
      time.after(rng.chance(0.3) ? rng.between(0, 60) : (-Math.log(1 - rng.next()) / perSecond) * 1_000, next);
    };
    time.after(rng.between(0, 1_500), next);
  }

  #heal(): void {
    this.#isWell = true;
    this.note("all is well");
    this.restartNodes();
    this.redis.up = true;
    this.network.heal();
    for (const { line } of this.nodes) {
      line.partition(false);
      line.latencyMs = USUAL_MS;
    }
  }

  /** Trouble that was planned for later may come no more. */
  get isWell(): boolean {
    return this.#isWell;
  }

  /** What a node says to its client must be true of what survives it. */
  #judgeMessage(epoch: number, json: string): void {
    const { t, seq, data } = JSON.parse(json) as { t: string; seq?: number; data: MessageData };
    const { referee } = this.redis;
    if (t === "session.new") this.#starts.set(epoch, data.audio?.position ?? 0);
    if (seq !== undefined) this.confirmed.add(epoch);
    if (seq !== undefined && referee.messageOf(epoch, seq) !== JSON.stringify({ t, data })) {
      throw new Foul(`Message ${seq} goes to the client, and is not in the store.`);
    }
    if (t !== "audio.ack" || data.position === undefined) return;
    const { position } = data;
    const start = this.#starts.get(epoch) ?? 0;
    if (position > start) this.confirmed.add(epoch);
    if (position > Math.max(referee.storedTo(epoch), start))
      throw new Foul(`Acknowledged ${position}, and the store has less.`);
    const kept = Math.max(0, ...this.disks.flat().map(({ to }) => to));
    if (position > kept) throw new Foul(`Acknowledged ${position}, and only ${kept} is on a disk.`);
  }
}

/** Leads each connection to a node that runs, whichever comes up. */
class Front implements WireServer {
  readonly #world: ClusterWorld;
  readonly #nodes = new Map<number, NodeProcess>();
  #peers = 0;

  constructor(world: ClusterWorld) {
    this.#world = world;
  }

  accept(wire: Wire): number {
    this.#peers += 1;
    const node = this.#world.pickNode();
    // A client may give up a connection whose node, or whose Redis, is in trouble.
    wire.troubled = true;
    if (node === undefined) wire.closeByServer(1011, "no node");
    else {
      this.#nodes.set(this.#peers, node);
      node.accept(this.#peers, wire);
    }
    return this.#peers;
  }

  received(peer: number, data: Payload): void {
    this.#nodes.get(peer)?.received(peer, data);
  }

  closed(peer: number, code: number): void {
    this.#nodes.get(peer)?.closed(peer, code);
    this.#nodes.delete(peer);
  }
}

import { deferred } from "loquilex/resources";
import type { Argument, RedisClient } from "../../../examples/server/store/redis/redis-client.js";
import { Lane, type LaneConditions } from "../lane.js";
import type { Rng } from "../rng.js";
import type { VirtualTime } from "../virtual-time.js";
import type { RedisAnswer } from "./redis-values.js";
import type { SimulatedRedis } from "./simulated-redis.js";

export interface RedisLineOptions {
  readonly time: VirtualTime;
  readonly rng: Rng;
  readonly redis: SimulatedRedis;
  /** Names the process that the line is of. */
  readonly process: number;
  /** Does something in the process, now or when it runs again; never if it is dead. */
  enter(work: () => void): void;
}

/** How the client and its network behave; the same for all connections of a process. */
const IDLE_MS = 3_000;
const RETRY_MS = 250;
const CONNECT_MS = 30;
/** How long Redis takes at most to make a command durable. */
const SYNC_MS = 5;

export const USUAL_MS = 10;

const conditionsOf = (jitterMs: number): LaneConditions => ({ latencyMs: 0, jitterMs, bytesPerMs: 10_000 });

interface Connection {
  readonly up: Lane;
  readonly down: Lane;
  /** Which life of Redis it leads to. */
  readonly redisLife: number;
  readonly waiting: Set<(error: Error) => void>;
  /** When something was written or came last. */
  usedAt: number;
}

/**
 * What lies between one process and Redis, and what can happen to it. What a connection has taken may arrive long after the
 * client has given that connection up, as with a system that goes on sending.
 */
export class RedisLine {
  readonly #options: RedisLineOptions;
  /** The client of the process, and those that it has given up for another one. */
  #clients: LineClient[] = [];
  /** Neither direction gets anything through. */
  #partitioned = false;
  readonly #connections = new Set<Connection>();
  /** The next command is done and its answer lost. */
  losesNextAnswer = false;
  /** The next command comes a second time after so long. */
  repeatsNextAfterMs: number | undefined;
  #latencyMs = USUAL_MS;

  constructor(options: RedisLineOptions) {
    this.#options = options;
  }

  createClient(): RedisClient {
    const client = new LineClient(this.#options, this);
    this.#clients.push(client);
    return client;
  }

  /** How long things are on their way, at most. */
  set latencyMs(latencyMs: number) {
    this.#latencyMs = latencyMs;
    for (const { up, down } of this.#connections) {
      up.conditions = conditionsOf(latencyMs);
      down.conditions = conditionsOf(latencyMs);
    }
  }

  /** Nothing gets through from now on, or again; what waited arrives then. */
  partition(partitioned: boolean): void {
    this.#partitioned = partitioned;
    for (const { up, down } of this.#connections) {
      up.setHole(partitioned);
      down.setHole(partitioned);
    }
  }

  /** The connections that there are get nothing through any more, and nobody is told. */
  strand(): void {
    for (const { up, down } of this.#connections) {
      up.kill(false);
      down.kill(false);
    }
  }

  /**
   * The connection breaks, and the client makes another one.
   * @param arrives what was on its way to Redis gets there all the same.
   */
  break(reason: string, arrives: boolean): void {
    for (const client of this.#clients) client.break(reason, arrives);
  }

  /** The process is dead; what it has sent arrives. */
  abandon(): void {
    for (const client of this.#clients) client.end();
  }

  /** @returns `undefined` if there is no way to Redis. */
  open(): Connection | undefined {
    const { time, rng, redis } = this.#options;
    if (!redis.up || this.#partitioned) return undefined;
    const conditions = conditionsOf(this.#latencyMs);
    const [up, down] = [new Lane(time, rng, conditions), new Lane(time, rng, conditions)];
    const opened = { up, down, redisLife: redis.lives, waiting: new Set<(error: Error) => void>(), usedAt: time.now };
    this.#connections.add(opened);
    return opened;
  }
}

/** What the store has of a line: as the official client, it makes another connection when one breaks. */
class LineClient implements RedisClient {
  readonly #options: RedisLineOptions;
  readonly #line: RedisLine;
  #listeners: ((error: unknown) => void)[] = [];
  #connection: Connection | undefined;
  #ended = false;

  constructor(options: RedisLineOptions, line: RedisLine) {
    this.#options = options;
    this.#line = line;
  }

  connect(): Promise<unknown> {
    this.#connectAfter(CONNECT_MS);
    this.#watch();
    return Promise.resolve();
  }

  on(_event: "error", listener: (error: unknown) => void): void {
    this.#listeners.push(listener);
  }

  sendCommand(command: Argument[]): Promise<RedisAnswer> {
    const connection = this.#connection;
    const answer = deferred<RedisAnswer>();
    if (connection === undefined) {
      answer.reject(new Error("The client is offline."));
      return answer.promise;
    }
    const line = this.#line;
    connection.waiting.add(answer.reject);
    const { time, rng, redis, process } = this.#options;
    connection.usedAt = time.now;
    const bytes = command.reduce((sum, word) => sum + word.length, 0);
    const isLost = line.losesNextAnswer;
    line.losesNextAnswer = false;
    if (line.repeatsNextAfterMs !== undefined) {
      const { redisLife } = connection;
      time.after(line.repeatsNextAfterMs, () => {
        if (redis.up && redis.lives === redisLife) redis.do(process, command).answered();
      });
      line.repeatsNextAfterMs = undefined;
    }
    connection.up.push(bytes, () => {
      if (!redis.up || redis.lives !== connection.redisLife) return;
      const done = redis.do(process, command);
      time.after(rng.between(0, SYNC_MS), () => {
        // One that dies before has answered nobody, and what it did may be gone.
        if (redis.lives !== connection.redisLife) return;
        done.answered();
        if (isLost) return;
        connection.down.push(100, () =>
          this.#options.enter(() => {
            connection.usedAt = time.now;
            if (!connection.waiting.delete(answer.reject)) return;
            if (done.error === undefined) answer.resolve(done.answer);
            else answer.reject(new Error(done.error));
          }),
        );
      });
    });
    return answer.promise;
  }

  destroy(): void {
    const connection = this.#connection;
    this.end();
    for (const reject of connection?.waiting ?? []) reject(new Error("Disconnects client"));
    connection?.waiting.clear();
  }

  /** Says nothing more to anybody. */
  end(): void {
    this.#ended = true;
    this.#connection = undefined;
    this.#listeners = [];
  }

  break(reason: string, arrives: boolean): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    if (!arrives) connection.up.kill(false);
    connection.down.kill(false);
    const error = new Error(reason);
    this.#options.enter(() => {
      for (const reject of connection.waiting) reject(error);
      for (const listener of this.#listeners) listener(error);
      this.#connectAfter(RETRY_MS);
    });
  }

  #connectAfter(delayMs: number): void {
    const { time, enter } = this.#options;
    time.after(delayMs, () =>
      enter(() => {
        if (this.#ended || this.#connection !== undefined) return;
        this.#connection = this.#line.open();
        if (this.#connection !== undefined) return;
        for (const listener of this.#listeners) listener(new Error("connect ECONNREFUSED"));
        this.#connectAfter(RETRY_MS);
      }),
    );
  }

  /** A connection on which nothing is written and nothing comes is given up; one that is written to has no limit. */
  #watch(): void {
    const { time } = this.#options;
    if (this.#ended) return;
    const connection = this.#connection;
    if (connection !== undefined && time.now - connection.usedAt > IDLE_MS) this.break("Socket timeout", true);
    time.after(500, () => this.#watch());
  }
}

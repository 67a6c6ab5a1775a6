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
const SILENCE_MS = 3_000;
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
  heardAt: number;
}

/**
 * The client of one process and its connection to Redis, and what can happen to both. What a connection has taken may
 * arrive long after the client has given that connection up, as with a system that goes on sending.
 */
export class RedisLine implements RedisClient {
  readonly #options: RedisLineOptions;
  #listeners: ((error: unknown) => void)[] = [];
  #connection: Connection | undefined;
  #ended = false;
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

  /** How long things are on their way, at most. */
  set latencyMs(latencyMs: number) {
    this.#latencyMs = latencyMs;
    for (const { up, down } of this.#connections) {
      up.conditions = conditionsOf(latencyMs);
      down.conditions = conditionsOf(latencyMs);
    }
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
    connection.waiting.add(answer.reject);
    const { time, rng, redis, process } = this.#options;
    const bytes = command.reduce((sum, word) => sum + word.length, 0);
    const isLost = this.losesNextAnswer;
    this.losesNextAnswer = false;
    if (this.repeatsNextAfterMs !== undefined) {
      const { redisLife } = connection;
      time.after(this.repeatsNextAfterMs, () => {
        if (redis.up && redis.lives === redisLife) redis.do(process, command).answered();
      });
      this.repeatsNextAfterMs = undefined;
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
            connection.heardAt = time.now;
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
    this.#ended = true;
    this.#connection = undefined;
  }

  /** Nothing gets through from now on, or again; what waited arrives then. */
  partition(partitioned: boolean): void {
    this.#partitioned = partitioned;
    for (const { up, down } of this.#connections) {
      up.setHole(partitioned);
      down.setHole(partitioned);
    }
  }

  /**
   * The connection breaks, and the client makes another one.
   * @param arrives what was on its way to Redis gets there all the same.
   */
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

  /** The process is dead; what it has sent arrives. */
  abandon(): void {
    this.destroy();
    this.#listeners = [];
  }

  #connectAfter(delayMs: number): void {
    const { time, redis, enter } = this.#options;
    time.after(delayMs, () =>
      enter(() => {
        if (this.#ended || this.#connection !== undefined) return;
        if (!redis.up || this.#partitioned) {
          for (const listener of this.#listeners) listener(new Error("connect ECONNREFUSED"));
          this.#connectAfter(RETRY_MS);
        } else this.#connection = this.#open();
      }),
    );
  }

  #open(): Connection {
    const { time, rng, redis } = this.#options;
    const conditions = conditionsOf(this.#latencyMs);
    const [up, down] = [new Lane(time, rng, conditions), new Lane(time, rng, conditions)];
    const opened = { up, down, redisLife: redis.lives, waiting: new Set<(error: Error) => void>(), heardAt: time.now };
    this.#connections.add(opened);
    return opened;
  }

  /** A connection on which nothing comes is given up. */
  #watch(): void {
    const { time } = this.#options;
    if (this.#ended) return;
    const connection = this.#connection;
    if (connection !== undefined && time.now - connection.heardAt > SILENCE_MS) this.break("Socket timeout", true);
    time.after(500, () => this.#watch());
  }
}

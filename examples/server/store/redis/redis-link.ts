import { createHash } from "node:crypto";
import { type Clock, deferred, type Scope } from "loquilex/resources";
import type { Log } from "../../logging/log.js";
import type { StoreHealth } from "../store.js";
import type { Argument, RedisClient } from "./redis-client.js";

/** How long nothing may be answered while something is asked. */
const ANSWER_MS = 2_000;
/** How often Redis is asked whether it can be used, and how often if it could not. */
const BEAT_MS = 1_000;
const TROUBLED_BEAT_MS = 250;

/** By a script, as everything that counts is written. A write, because a Redis whose memory or disk is full still answers to reads. */
const BEAT = "return redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])";

export interface RedisLinkOptions {
  /** Makes a client that is not connected yet. */
  createClient(): RedisClient;
  readonly logger: Pick<Log, "info" | "error">;
  readonly clock: Clock;
  /** Ends the connection. */
  readonly scope: Scope;
  /** Redis answers again. */
  onBack(): void;
}

/** What was asked of Redis may not have been done. */
export class RedisError extends Error {
  override readonly name = "RedisError";

  /** Whether it is about what was asked for, and not about Redis: there is something else under a session's name. */
  get isOfKey(): boolean {
    // Redis 6.2 has it in the middle, if a script met it.
    return this.message.includes("WRONGTYPE");
  }
}

/**
 * The connection to Redis, which is made again for as long as it takes. A command that is not answered in time fails, and
 * may have been done all the same: whoever gives it must be able to give it again.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  #client: RedisClient;
  readonly #hashes = new Map<string, string>();
  #trouble: string | undefined = "Redis has not answered yet.";
  /** Commands so far, and the newest of them that was answered. */
  #asked = 0;
  #answered = 0;
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#client = this.#connect();
    options.scope.defer("connection to Redis", () => this.#client.destroy());
    this.#beat();
  }

  #connect(): RedisClient {
    const client = this.#options.createClient();
    const failed = (error: unknown): void => {
      if (client === this.#client) this.#failed(reasonOf(error));
    };
    client.on("error", failed);
    client.connect().catch(failed);
    return client;
  }

  /**
   * A connection on which nothing comes is given up. Nobody else does that: what is written keeps its timers at rest, and a
   * system waits a quarter of an hour for a network that swallows everything.
   */
  #giveUp(client: RedisClient): void {
    if (client !== this.#client || this.#options.scope.disposed) return;
    this.#client = this.#connect();
    client.destroy();
  }

  get health(): StoreHealth {
    return this.#trouble === undefined ? { ok: true } : { ok: false, detail: this.#trouble };
  }

  /** Runs a script on keys. Texts in the answer are buffers. @throws RedisError */
  async run(script: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const more = [String(keys.length), ...keys, ...args];
    try {
      return await this.send(["EVALSHA", this.#hashOf(script), ...more]);
    } catch (error) {
      if (!(error instanceof RedisError && error.message.startsWith("NOSCRIPT"))) throw error;
      return await this.send(["EVAL", script, ...more]);
    }
  }

  /** @throws RedisError if Redis does not answer in time, or answers with an error. */
  async send(command: readonly Argument[]): Promise<unknown> {
    const client = this.#client;
    this.#asked += 1;
    const late = this.#lateness(client, this.#asked);
    try {
      return await Promise.race([this.#ask(client, command, this.#asked), late.promise]);
    } catch (error) {
      const failure = new RedisError(reasonOf(error), { cause: error });
      // A script that it does not have yet is no trouble.
      if (!failure.isOfKey && !failure.message.startsWith("NOSCRIPT")) this.#failed(failure.message);
      throw failure;
    } finally {
      late.dispose();
    }
  }

  async #ask(client: RedisClient, command: readonly Argument[], number: number): Promise<unknown> {
    const answer = await client.sendCommand([...command]);
    this.#answered = Math.max(this.#answered, number);
    this.#answeredAt = this.#options.clock.now();
    return answer;
  }

  /**
   * Rejects when a command waits in vain. Answers come in order: on a slow line it is only waiting for its turn as long as
   * those before it are answered, and to ask once more would make the line slower still.
   */
  #lateness(client: RedisClient, number: number): { readonly promise: Promise<never>; dispose(): void } {
    const { scope, clock } = this.#options;
    const late = deferred<never>();
    const wait = (ms: number) =>
      scope.timeout(
        ms,
        () => {
          const sinceAnswerMs = clock.now() - this.#answeredAt;
          if (this.#answered < number && sinceAnswerMs < ANSWER_MS) {
            timer = wait(Math.ceil(ANSWER_MS - sinceAnswerMs));
            return;
          }
          late.reject(new Error(`Redis has not answered for ${ANSWER_MS / 1_000} s.`));
          this.#giveUp(client);
        },
        "answer of Redis",
      );
    let timer = wait(ANSWER_MS);
    return { promise: late.promise, dispose: () => timer.dispose() };
  }

  #hashOf(script: string): string {
    const hash = this.#hashes.get(script) ?? createHash("sha1").update(script).digest("hex");
    this.#hashes.set(script, hash);
    return hash;
  }

  #beat(): void {
    const { scope } = this.#options;
    const next = (): void => {
      const afterMs = this.#trouble === undefined ? BEAT_MS : TROUBLED_BEAT_MS;
      if (!scope.disposed) scope.timeout(afterMs, () => this.#beat(), "look at Redis");
    };
    this.run(BEAT, ["loquilex:beat"], [String(10 * BEAT_MS)])
      .then(() => this.#worked())
      .then(next, next);
  }

  #worked(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#options.logger.info("Redis answers: sessions are kept there.");
    this.#options.onBack();
  }

  #failed(reason: string): void {
    if (this.#options.scope.disposed) return;
    const wasWell = this.#trouble === undefined;
    this.#trouble = `Redis cannot be used (${reason}): nothing is acknowledged, and clients keep their audio.`;
    if (wasWell) this.#options.logger.error({ reason }, this.#trouble);
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : String(error);

import { createHash } from "node:crypto";
import { type Clock, deferred, type Scope } from "loquilex/resources";
import type { Log } from "../../logging/log.js";
import type { StoreHealth } from "../store.js";
import type { Argument, RedisClient } from "./redis-client.js";

/** How long an answer may take. */
const ANSWER_MS = 2_000;
/** How often the connection is tried while nothing else uses it. */
const BEAT_MS = 1_000;

export interface RedisLinkOptions {
  /** Not connected yet. */
  readonly client: RedisClient;
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
}

/**
 * The connection to Redis, which is made again for as long as it takes. A command that is not answered in time fails, and
 * may have been done all the same: whoever gives it must be able to give it again.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #client: RedisClient;
  readonly #hashes = new Map<string, string>();
  #trouble: string | undefined = "Redis has not answered yet.";

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#client.on("error", (error: unknown) => this.#failed(reasonOf(error)));
    options.scope.defer("connection to Redis", () => this.#client.destroy());
    void this.#client.connect().catch((error: unknown) => this.#failed(reasonOf(error)));
    this.#beat();
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
    const late = deferred<never>();
    const deadline = this.#options.scope.timeout(
      ANSWER_MS,
      () => late.reject(new Error(`Redis has not answered for ${ANSWER_MS / 1_000} s.`)),
      "answer of Redis",
    );
    try {
      const answer = await Promise.race([this.#client.sendCommand([...command]), late.promise]);
      this.#worked();
      return answer;
    } catch (error) {
      const message = reasonOf(error);
      // A script that it does not have yet is no trouble.
      if (!message.startsWith("NOSCRIPT")) this.#failed(message);
      throw new RedisError(message, { cause: error });
    } finally {
      deadline.dispose();
    }
  }

  #hashOf(script: string): string {
    const hash = this.#hashes.get(script) ?? createHash("sha1").update(script).digest("hex");
    this.#hashes.set(script, hash);
    return hash;
  }

  #beat(): void {
    const { scope } = this.#options;
    const next = (): void => {
      if (!scope.disposed) scope.timeout(BEAT_MS, () => this.#beat(), "look at Redis");
    };
    // A write, because a Redis whose memory or disk is full still answers to reads.
    this.send(["SET", "loquilex:beat", "1", "PX", String(10 * BEAT_MS)]).then(next, next);
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

import { randomBytes } from "node:crypto";
import { CloseCode } from "loquilex/protocol";
import type { Clock, Scope } from "loquilex/resources";
import { equalText } from "../../equal-text.js";
import type { Log } from "../../logging/log.js";
import type { Claim } from "../../protocol/claim.js";
import { type HeldSession, judgeOpening, type Refusal } from "../../protocol/opening-judge.js";
import type { Opening } from "../../protocol/protocol-io.js";
import { ResumeSecrets } from "../../protocol/resume-secrets.js";
import { SharedTurn } from "../../recording/disk/shared-turn.js";
import type { Hold, HoldOptions, Store, StoreHealth } from "../store.js";
import { readHead, readSession, type SessionHead } from "./read-session.js";
import type { RedisClient } from "./redis-client.js";
import { RedisHold } from "./redis-hold.js";
import { keysOf } from "./redis-keys.js";
import { RedisError, RedisLink } from "./redis-link.js";
import { CLAIM } from "./redis-scripts.js";

export interface RedisStoreOptions {
  /** Makes a client that is not connected yet. */
  createClient(): RedisClient;
  /** How long a session waits for its client. */
  readonly resumeTtlMs: number;
  /** Messages kept of each session. */
  readonly maxMessages: number;
  readonly logger: Pick<Log, "debug" | "info" | "error">;
  readonly clock: Clock;
  readonly scope: Scope;
}

/** How long a session is kept beyond the time for which it waits for its client: nodes write at least every two seconds. */
const GRACE_MS = 10_000;
/** Audio is gathered this long. */
const WRITE_INTERVAL_MS = 200;
/** How often a session shows that its node is alive, and finds out that it has gone to another one. */
const BEAT_MS = 2_000;
/** How often a claim is begun again when others claim the same session at the same time. */
const MAX_CLAIMS = 5;

/** Somebody else is at it, or Redis is away: the client keeps its audio and comes back. */
const UNAVAILABLE: Refusal = {
  code: CloseCode.overloaded,
  error: "store_unavailable",
  detail: "Sessions cannot be looked up at the moment.",
  retryAfterMs: 1_000,
};

/** What is there does not go away by itself. */
const NOT_A_SESSION: Refusal = {
  code: CloseCode.inUse,
  error: "in_use",
  detail: "The server's store has something else under this name; begin a session with another one.",
};

const createSecret = (): string => randomBytes(32).toString("base64url");

/** Sessions are known to all nodes that use the same Redis: each of them can go on with any session. */
export class RedisStore implements Store {
  readonly name = "redis";
  readonly shared = true;
  readonly #options: RedisStoreOptions;
  readonly #link: RedisLink;
  readonly #turn: SharedTurn;
  /** Names this process, and no other before or after it. */
  readonly #node = randomBytes(9).toString("base64url");
  readonly #ttlMs: number;
  readonly #holds = new Map<string, RedisHold>();

  constructor(options: RedisStoreOptions) {
    const { logger, clock, scope } = options;
    this.#options = options;
    this.#ttlMs = options.resumeTtlMs + GRACE_MS;
    this.#turn = new SharedTurn({ intervalMs: WRITE_INTERVAL_MS, clock, scope });
    const writeAll = (): void => {
      for (const hold of this.#holds.values()) hold.write();
    };
    this.#link = new RedisLink({ createClient: () => options.createClient(), logger, clock, scope, onBack: writeAll });
    const beat = (): void => {
      for (const hold of this.#holds.values()) hold.beat(BEAT_MS);
      if (!scope.disposed) scope.timeout(BEAT_MS, beat, "sign of life of the sessions");
    };
    beat();
  }

  get health(): StoreHealth {
    return this.#link.health;
  }

  async claim(opening: Opening, held: () => HeldSession | undefined): Promise<Claim> {
    try {
      for (let count = 0; count < MAX_CLAIMS; count += 1) {
        const claim = await this.#claim(opening, held());
        if (claim !== undefined) return claim;
      }
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      if (error.isOfKey) {
        this.#options.logger.error(
          { err: error },
          "There is something in Redis under the name of a session that is none.",
        );
        return { verdict: "refused", refusal: NOT_A_SESSION };
      }
      this.#options.logger.debug({ err: error }, "An opening could not be decided about.");
    }
    return { verdict: "refused", refusal: UNAVAILABLE };
  }

  /** @returns `undefined` if another opening came in between. */
  async #claim(opening: Opening, held: HeldSession | undefined): Promise<Claim | undefined> {
    const { session_id, attempt } = opening.data;
    const secret = createSecret();
    const head = await readHead(this.#link, session_id);
    const hold = this.#holds.get(session_id);
    if (head === undefined) {
      if (held === undefined || hold === undefined) return { verdict: "new", secret };
      // Redis has forgotten it, and gets it back from here before anything is promised about it.
      await hold.putBack();
      return undefined;
    }
    const mine = held !== undefined && hold?.owns(head) === true;
    const judgement = mine ? judgeOpening(opening, held) : judgeHead(opening, head);
    if (judgement.verdict === "refused") return judgement;
    const { resume_token } = "resume_token" in opening.data ? opening.data : { resume_token: undefined };
    const secrets = withSecret(head.secrets, resume_token, secret);
    const isOver = judgement.verdict === "superseded";
    const term = mine ? head.term : head.term + 1;
    const session = isOver ? "" : JSON.stringify({ clientId: head.clientId, offer: head.offer, secrets });
    const claimed = { node: this.#node, term, attempt, generation: head.generation + 1, session };
    // Writes are counted anew by each owner.
    const fields = mine ? claimed : { ...claimed, write: 0 };
    const answer = await this.#link.run(CLAIM, keysOf(session_id), [
      ...[String(head.epoch), String(head.generation), String(this.#ttlMs)],
      ...Object.entries(fields).flatMap(([field, value]) => [field, String(value)]),
    ]);
    if (String(answer) !== "ok") return undefined;
    if (isOver) return { ...judgement, secret };
    if (mine) {
      hold?.attached(attempt, secrets);
      return { ...judgement, secret };
    }
    const taken = await readSession(this.#link, session_id);
    if (taken === undefined) return undefined;
    return { ...judgement, secret, taken: { ...taken, generation: head.generation, secrets: secrets.slice(0, -1) } };
  }

  hold(options: HoldOptions): Hold {
    const { sessionId } = options.key;
    const { clock, maxMessages } = this.#options;
    const hold: RedisHold = new RedisHold({
      ...options,
      ...{ link: this.#link, node: this.#node, ttlMs: this.#ttlMs, turn: this.#turn, clock, maxMessages },
      onEnd: () => {
        if (this.#holds.get(sessionId) === hold) this.#holds.delete(sessionId);
      },
    });
    this.#holds.set(sessionId, hold);
    hold.write();
    return hold;
  }
}

/** Decides about an opening by what another node has left, of which Redis may have forgotten the end. */
function judgeHead(opening: Opening, head: SessionHead) {
  const { kind, data } = opening;
  const judgement = judgeOpening(opening, {
    ...{ clientId: head.clientId, epoch: head.epoch, attempt: head.attempt, confirmed: head.confirmed },
    lastSeq: Number.POSITIVE_INFINITY,
    // Another node may be about to hear of its client, so no refusal is final.
    freeInMs: head.freeInMs,
    isGoodSecret: (secret) => new ResumeSecrets(createSecret, equalText, head.secrets).isGood(secret),
  });
  const knowsMore = kind === "resume" && data.last_seq > head.seq;
  if (judgement.verdict === "attached" && judgement.knows && knowsMore) {
    return { verdict: "superseded", by: "its own client" } as const;
  }
  return judgement;
}

/** The same that {@link ResumeSecrets} does with the one that was shown and with a new one. */
function withSecret(known: readonly string[], shown: string | undefined, added: string): readonly string[] {
  const secrets = new ResumeSecrets(() => added, equalText, known);
  secrets.use(shown);
  secrets.issue();
  return secrets.all;
}

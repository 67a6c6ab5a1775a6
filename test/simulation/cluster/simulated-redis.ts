import { createHash } from "node:crypto";
import { Foul } from "../referee.js";
import type { Rng } from "../rng.js";
import type { VirtualTime } from "../virtual-time.js";
import type { LuaList, LuaValue } from "./lua.js";
import { OwnershipReferee } from "./ownership-referee.js";
import { command, type RedisAnswer, type RedisArgument, type RedisState } from "./redis-values.js";

/** Makes a script into something that runs. */
export type Compile = (source: string) => (given: Readonly<Record<string, LuaValue>>) => LuaValue;

/** What was done to the state, and how it was before. */
interface Write {
  readonly at: number;
  readonly before: RedisState;
  /** Whoever asked was told that it is done. */
  answered: boolean;
}

/** One command, and whether its effect is to be believed in. */
export interface Done {
  readonly answer: RedisAnswer;
  /** An error of Redis, instead of an answer. */
  readonly error: string | undefined;
  /** The answer goes out now, so what was done is durable. */
  answered(): void;
}

/** How far back Redis may forget what it has answered, if it writes its file once a second. */
const FORGETS_MS = 1_000;

/**
 * Redis in virtual time: the commands and the scripts of the store, each as a whole, with a clock for what expires. It
 * can die, and forget with that what it did last.
 */
export class SimulatedRedis {
  readonly #time: VirtualTime;
  readonly #compile: Compile;
  readonly referee = new OwnershipReferee();
  #state: RedisState = new Map();
  #scripts = new Map<string, ReturnType<Compile>>();
  #writes: Write[] = [];
  /** How far its clock is from the world's. */
  #clockOffset = 0;
  /** How often it has died. */
  lives = 0;
  /** It accepts connections. */
  up = true;

  constructor(time: VirtualTime, compile: Compile) {
    this.#time = time;
    this.#compile = compile;
  }

  /** Sessions that are there and not over. */
  get sessions(): number {
    const heads = [...this.#state.values()].flatMap((value) => (value.type === "hash" ? value : []));
    return heads.filter(({ fields }) => fields.get("session") !== "").length;
  }

  /** @param process whose connection the command came on. */
  do(process: number, words: readonly RedisArgument[]): Done {
    for (const [key, { expiresAt }] of this.#state) if (expiresAt <= this.#now) this.#state.delete(key);
    const before = new Map(this.#state);
    const write: Write = { at: this.#time.now, before, answered: false };
    this.#writes.push(write);
    while ((this.#writes[0]?.at ?? 0) < this.#time.now - FORGETS_MS && this.#writes[0]?.answered) this.#writes.shift();
    const answered = (): void => {
      write.answered = true;
    };
    try {
      const answer = this.#run(words);
      this.referee.saw(process, before, this.#state);
      return { answer, error: undefined, answered };
    } catch (error) {
      if (error instanceof Foul || !(error instanceof Error)) throw error;
      this.referee.saw(process, before, this.#state);
      return { answer: undefined, error: error.message, answered };
    }
  }

  /**
   * Dies, and forgets what it has done last: what it has answered to nobody, or also what it has answered.
   * @param forgetsMs how far back answered writes are gone; 0: none is.
   */
  die(forgetsMs: number): void {
    this.up = false;
    this.lives += 1;
    this.#scripts = new Map();
    const since = this.#time.now - forgetsMs;
    for (let last = this.#writes.at(-1); last !== undefined; last = this.#writes.at(-1)) {
      if (last.answered && (forgetsMs === 0 || last.at < since)) break;
      this.#state = last.before;
      this.#writes.pop();
    }
    this.referee.forgot(this.#state);
  }

  /** Drops a key of its choice, as one does whose memory is full. @returns whether there was any. */
  evict(rng: Rng): boolean {
    if (!this.up || this.#state.size === 0) return false;
    const dropped = rng.pick([...this.#state.keys()]);
    const before = new Map(this.#state);
    this.#state.delete(dropped);
    this.#writes.push({ at: this.#time.now, before, answered: true });
    this.referee.forgot(this.#state);
    return true;
  }

  /** Its clock leaps, and with it everything may be over whose time is then over. */
  leap(aheadMs: number): void {
    this.#clockOffset += aheadMs;
  }

  get #now(): number {
    return this.#time.now + this.#clockOffset;
  }

  #run([name, ...args]: readonly RedisArgument[]): RedisAnswer {
    if (name === "EVAL") {
      const [source = "", ...rest] = args;
      const script = this.#compile(String(source));
      this.#scripts.set(createHash("sha1").update(String(source)).digest("hex"), script);
      return this.#call(script, rest);
    }
    if (name === "EVALSHA") {
      const [hash, ...rest] = args;
      const script = this.#scripts.get(String(hash));
      if (script === undefined) throw new Error("NOSCRIPT No matching script. Please use EVAL.");
      return this.#call(script, rest);
    }
    return asBytes(this.#command(String(name), args));
  }

  #command(name: string, args: readonly RedisArgument[]): RedisAnswer {
    return command(this.#state, [name, ...args], this.#now);
  }

  #call(script: ReturnType<Compile>, [count, ...rest]: readonly RedisArgument[]): RedisAnswer {
    const keys = rest.slice(0, Number(count));
    const call = (name: LuaValue, ...args: LuaValue[]): LuaList => [
      toLua(this.#command(String(name), args.map(toArgument))),
    ];
    return asBytes(String(script({ KEYS: keys, ARGV: rest.slice(Number(count)), call })));
  }
}

function toArgument(value: LuaValue): RedisArgument {
  if (typeof value === "string" || Buffer.isBuffer(value)) return value;
  if (typeof value === "number") return String(value);
  throw new Error("ERR Lua redis() command arguments must be strings or integers");
}

/** Nothing is `false` for a script. */
const toLua = (answer: RedisAnswer): LuaValue => {
  if (answer === undefined) return false;
  return typeof answer === "object" && !Buffer.isBuffer(answer) ? answer.map(toLua) : answer;
};

/** As the store's client hands texts over. */
const asBytes = (answer: RedisAnswer): RedisAnswer => {
  if (typeof answer === "string") return Buffer.from(answer);
  return typeof answer === "object" && !Buffer.isBuffer(answer) ? answer.map(asBytes) : answer;
};

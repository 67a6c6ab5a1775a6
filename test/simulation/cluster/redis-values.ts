/** What is under a name in Redis. Values are never changed, so that what was can be put back. */
export type RedisValue = RedisHash | RedisStream | RedisText;

interface Lasting {
  /** By the clock of Redis. */
  readonly expiresAt: number;
}

export interface RedisHash extends Lasting {
  readonly type: "hash";
  readonly fields: ReadonlyMap<string, string>;
}

export interface RedisStream extends Lasting {
  readonly type: "stream";
  readonly entries: readonly StreamEntry[];
  /** The first part of the last name, also of an entry that is gone. */
  readonly lastId: number;
}

export interface RedisText extends Lasting {
  readonly type: "text";
}

export interface StreamEntry {
  /** The first part of its name; the second is always 1. */
  readonly id: number;
  readonly fields: readonly (string | Buffer)[];
}

/** Everything that Redis has. */
export type RedisState = Map<string, RedisValue>;

/** An answer: a text or bytes, a number, a list, or nothing. */
export type RedisAnswer = string | Buffer | number | undefined | readonly RedisAnswer[];

export type RedisArgument = string | Buffer;

/** One name's part of an id such as `12-1`. */
const idOf = (text: RedisArgument | undefined): number => Number(String(text).split("-")[0]);

const hashOf = (state: RedisState, key: string): RedisHash => {
  const value = state.get(key) ?? { type: "hash", fields: new Map(), expiresAt: Number.POSITIVE_INFINITY };
  if (value.type !== "hash") throw new Error("WRONGTYPE");
  return value;
};

const streamOf = (state: RedisState, key: string): RedisStream => {
  const value = state.get(key) ?? { type: "stream", entries: [], lastId: 0, expiresAt: Number.POSITIVE_INFINITY };
  if (value.type !== "stream") throw new Error("WRONGTYPE");
  return value;
};

type Command = (state: RedisState, args: readonly RedisArgument[], now: number) => RedisAnswer;

/** The commands that the store gives, as Redis does them. */
const COMMANDS: Readonly<Record<string, Command>> = {
  SET: (state, [key]) => {
    state.set(String(key), { type: "text", expiresAt: Number.POSITIVE_INFINITY });
    return "OK";
  },
  DEL: (state, keys) => keys.filter((key) => state.delete(String(key))).length,
  EXISTS: (state, keys) => keys.filter((key) => state.has(String(key))).length,
  HMGET: (state, [key, ...fields]) => fields.map((field) => hashOf(state, String(key)).fields.get(String(field))),
  HSET: (state, [key, ...pairs]) => {
    const hash = hashOf(state, String(key));
    const fields = new Map(hash.fields);
    if (pairs.length === 0 || pairs.length % 2 !== 0)
      throw new Error("ERR wrong number of arguments for 'hset' command");
    for (let at = 0; at < pairs.length; at += 2) fields.set(String(pairs[at]), String(pairs[at + 1]));
    const added = fields.size - hash.fields.size;
    state.set(String(key), { ...hash, fields });
    return added;
  },
  XADD: (state, [key, ...rest]) => {
    const stream = streamOf(state, String(key));
    const limit = rest[0] === "MAXLEN" ? Number(rest[1]) : Number.POSITIVE_INFINITY;
    const [name, ...fields] = rest[0] === "MAXLEN" ? rest.slice(2) : rest;
    const id = idOf(name);
    const isFirst = stream.entries.length === 0 && stream.lastId === 0;
    if (!isFirst && id <= stream.lastId) {
      throw new Error("ERR The ID specified in XADD is equal or smaller than the target stream top item");
    }
    const entries = [...stream.entries, { id, fields }];
    state.set(String(key), { ...stream, lastId: id, entries: entries.slice(Math.max(0, entries.length - limit)) });
    return String(name);
  },
  XTRIM: (state, [key, , oldest]) => {
    const stream = streamOf(state, String(key));
    const entries = stream.entries.filter(({ id }) => id >= idOf(oldest));
    if (state.has(String(key))) state.set(String(key), { ...stream, entries });
    return stream.entries.length - entries.length;
  },
  XRANGE: (state, [key]) =>
    streamOf(state, String(key)).entries.map(({ id, fields }) => [`${id}-1`, [...fields]] as const),
  PEXPIRE: (state, [key, ms], now) => {
    const value = state.get(String(key));
    if (value === undefined) return 0;
    state.set(String(key), { ...value, expiresAt: now + Number(ms) });
    return 1;
  },
  PTTL: (state, [key], now) => {
    const value = state.get(String(key));
    if (value === undefined) return -2;
    return value.expiresAt === Number.POSITIVE_INFINITY ? -1 : Math.ceil(value.expiresAt - now);
  },
};

/** Does what a command says. @throws Error with the text that Redis would answer. */
export function command(state: RedisState, [name, ...args]: readonly RedisArgument[], now: number): RedisAnswer {
  const run = COMMANDS[String(name)];
  if (run === undefined) throw new Error(`ERR unknown command '${String(name)}'`);
  return run(state, args, now);
}

import fc from "fast-check";
import {
  type ClientMessageType,
  encodeClientMessage,
  encodeServerMessage,
  isApplicationMessage,
  PROTOCOL_VERSION,
  parseClientMessage,
  parseServerMessage,
  type ServerMessageType,
  ShapeError,
  UnsupportedVersionError,
} from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { CLIENT_SAMPLES, SERVER_SAMPLES } from "../support/protocol-samples.js";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const CLIENT_TYPES = Object.keys(CLIENT_SAMPLES) as ClientMessageType[];
const SERVER_TYPES = Object.keys(SERVER_SAMPLES) as ServerMessageType[];
/** Types whose data may be anything, and is nobody's to check. */
const FREE_TYPES: ReadonlySet<string> = new Set([
  "server.ack",
  "status",
  "queue.drop",
  "system.heartbeat",
  "system.metrics",
]);

interface Case {
  readonly t: string;
  readonly full: Json;
  readonly minimal: Json;
  readonly parse: (json: string) => { readonly t: string; readonly data: unknown };
}

const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

const CASES: readonly Case[] = [
  ...CLIENT_TYPES.map((t) => ({
    t,
    full: toJson(CLIENT_SAMPLES[t].full),
    minimal: toJson(CLIENT_SAMPLES[t].minimal),
    parse: parseClientMessage,
  })),
  ...SERVER_TYPES.map((t) => ({
    t,
    full: toJson(SERVER_SAMPLES[t].full),
    minimal: toJson(SERVER_SAMPLES[t].minimal),
    parse: parseServerMessage,
  })),
];
const CHECKED_CASES = CASES.filter(({ t }) => !FREE_TYPES.has(t));

const message = (t: string, data: unknown, more: object = {}): string =>
  JSON.stringify({ v: PROTOCOL_VERSION, t, ...more, data });

/** Every field of an object, at every depth; lists are left to their own tests. */
function fieldsOf(value: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [[...path, name], ...fieldsOf(inner, [...path, name])]);
}

/** A copy with one field changed, or taken away. */
function withField(value: Json, path: readonly string[], change: { readonly to: Json } | "gone"): Json {
  const [name, ...rest] = path;
  if (name === undefined || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const copy: { [name: string]: Json } = { ...value };
  if (rest.length > 0) copy[name] = withField(copy[name] ?? null, rest, change);
  else if (change === "gone") delete copy[name];
  else copy[name] = change.to;
  return copy;
}

function fieldAt(value: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = value;
  for (const name of path) at = typeof at === "object" && at !== null && !Array.isArray(at) ? at[name] : undefined;
  return at;
}

function errorOf(parse: () => unknown): unknown {
  try {
    parse();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("every message type", () => {
  it.each(CLIENT_TYPES)("%s of the client comes back as it was sent", (t) => {
    for (const data of [CLIENT_SAMPLES[t].full, CLIENT_SAMPLES[t].minimal]) {
      const json = encodeClientMessage(t, data, { sid: "session", id: "m1" });
      expect(parseClientMessage(json)).toEqual({ v: 1, t, sid: "session", id: "m1", data });
    }
  });

  it.each(SERVER_TYPES)("%s of the server comes back as it was sent", (t) => {
    const envelope = { sid: "session", id: "m1", seq: 5, corr: "m0", t_wall: "now", t_mono_ns: 12.5 };
    for (const data of [SERVER_SAMPLES[t].full, SERVER_SAMPLES[t].minimal]) {
      const parsed = parseServerMessage(encodeServerMessage(t, data, envelope));
      expect(parsed).toEqual({ v: 1, t, ...envelope, data });
      expect(isApplicationMessage(parsed)).toBe(false);
    }
  });

  it.each(CASES)("$t loses what is not part of it, and takes null for absent", ({ t, full, minimal, parse }) => {
    const padded = typeof minimal === "object" && minimal !== null ? { ...minimal, surprise: [1, 2, 3] } : minimal;
    const parsed = parse(message(t, padded, { application: true, surprise: 1, seq: null, corr: null }));
    expect(parsed).toEqual({ v: 1, t, data: FREE_TYPES.has(t) ? padded : minimal });
    const optional = fieldsOf(full).filter((path) => path.length === 1 && fieldAt(minimal, path) === undefined);
    const nulled = optional.reduce((data, path) => withField(data, path, { to: null }), full);
    if (!FREE_TYPES.has(t)) expect(parse(message(t, nulled)).data).not.toHaveProperty(optional[0]?.[0] ?? "nothing");
  });
});

describe("what is wrong is named", () => {
  it.each(CHECKED_CASES)("$t without one of its fields names that field", ({ t, minimal, parse }) => {
    for (const path of fieldsOf(minimal)) {
      const error = errorOf(() => parse(message(t, withField(minimal, path, "gone"))));
      expect(error, path.join(".")).toBeInstanceOf(ShapeError);
      expect((error as Error).message).toContain(`data.${path.join(".")} must be`);
    }
  });

  it.each(CHECKED_CASES)("$t with a field of another type names that field", ({ t, full, parse }) => {
    for (const path of fieldsOf(full)) {
      for (const to of [{ toString: "x" }, [], "", -1, true, 0.5] as Json[]) {
        const current = fieldAt(full, path);
        if (typeof to === typeof current && Array.isArray(to) === Array.isArray(current)) continue;
        const error = errorOf(() => parse(message(t, withField(full, path, { to }))));
        expect(error, `${path.join(".")} = ${JSON.stringify(to)}`).toBeInstanceOf(ShapeError);
        expect((error as Error).message).toContain(`data.${path.join(".")}`);
      }
    }
  });

  it.each(CHECKED_CASES)("$t whose data is no object is refused", ({ t, parse }) => {
    for (const data of [undefined, null, 1, "text", [], true]) {
      expect(errorOf(() => parse(message(t, data)))).toBeInstanceOf(ShapeError);
    }
  });

  it.each([
    ["client.ack", { ack_seq: -1 }],
    ["client.ack", { ack_seq: 1.5 }],
    ["client.ack", { ack_seq: 2 ** 53 }],
    ["client.ack", { ack_seq: "1" }],
    ["client.end", { position: 2 ** 53 }],
    ["client.flow", { max_in_flight: 0 }],
    ["client.flow", { max_in_flight: 100_001 }],
    ["client.hb", { ts: "x".repeat(65) }],
  ])("a client's %s with %j is refused", (t, data) => {
    expect(errorOf(() => parseClientMessage(message(t, data)))).toBeInstanceOf(ShapeError);
  });

  it.each([
    [{ session_id: "x".repeat(129) }, "data.session_id"],
    [{ accept: Array(17).fill("a") }, "data.accept"],
    [{ accept: ["audio/1", 2] }, "data.accept[1]"],
    [{ accept: ["x".repeat(41)] }, "data.accept[0]"],
    [{ ack_mode: "selective" }, "data.ack_mode"],
    [{ attempt: 0 }, "data.attempt"],
    [{ token: "x".repeat(4_097) }, "data.token"],
    [{ audio: { encoding: "mp3" } }, "data.audio.encoding"],
    [{ audio: { ...CLIENT_SAMPLES["client.hello"].full.audio, sample_rate: 7_999 } }, "data.audio.sample_rate"],
    [{ audio: { ...CLIENT_SAMPLES["client.hello"].full.audio, channels: 3 } }, "data.audio.channels"],
  ])("an opening with %j names %s", (change, field) => {
    const data = { ...CLIENT_SAMPLES["client.hello"].full, ...change };
    expect(() => parseClientMessage(message("client.hello", data))).toThrow(field);
  });

  it.each([
    ["session.new", { ...SERVER_SAMPLES["session.new"].full, audio: { position: 0, pace: 0.99 } }, "data.audio.pace"],
    ["session.new", { ...SERVER_SAMPLES["session.new"].full, audio: { position: 0, pace: 1_001 } }, "data.audio.pace"],
    ["session.ack", { session_id: "s", status: "refused" }, "data.status"],
    ["server.goaway", { reason: "x".repeat(124) }, "data.reason"],
    ["server.error", { code: "x", retry_after_ms: 86_400_001 }, "data.retry_after_ms"],
    ["audio.ack", { position: 9_007_199_254_740_992 }, "data.position"],
    ["asr.final", { text: "x".repeat(100_001), segment_id: "s" }, "data.text"],
  ])("a server's %s with %j names %s", (t, data, field) => {
    expect(() => parseServerMessage(message(t, data))).toThrow(field);
  });

  it("refuses a number too large for JSON's readers", () => {
    const json = '{"v":1,"t":"audio.ack","data":{"position":1e400}}';
    expect(() => parseServerMessage(json)).toThrow("data.position must be a whole number");
  });
});

describe("the envelope", () => {
  const parsers = [
    ["client", parseClientMessage, "client.hb"],
    ["server", parseServerMessage, "server.hb"],
  ] as const;

  it.each(parsers)("a %s's message that is no JSON, or no object, is refused", (_, parse) => {
    for (const json of ["", "{", "nonsense", "null", "[]", "3", '"text"', '{"v":1,"t":"x"', "\u0000"]) {
      expect(
        errorOf(() => parse(json)),
        json,
      ).toBeInstanceOf(ShapeError);
    }
  });

  it.each(parsers)("a %s's message of another version is told apart from a broken one", (_, parse, t) => {
    for (const v of [0, 2, 99]) {
      expect(() => parse(JSON.stringify({ v, t, data: {} }))).toThrow(UnsupportedVersionError);
      expect(() => parse(JSON.stringify({ v, t, data: {} }))).toThrow(`message.v must be 1, and is ${v}.`);
    }
    for (const v of [undefined, null, "1", 1.5, -1, {}, [1]]) {
      const error = errorOf(() => parse(JSON.stringify({ v, t, data: {} })));
      expect(error).toBeInstanceOf(ShapeError);
      expect(error).not.toBeInstanceOf(UnsupportedVersionError);
    }
  });

  it.each(parsers)("a %s's message with a wrong field in the envelope names it", (_, parse, t) => {
    const wrong: readonly (readonly [string, unknown])[] = [
      ["t", 7],
      ["t", "x".repeat(65)],
      ["t", undefined],
      ["sid", 7],
      ["sid", "x".repeat(129)],
      ["id", {}],
      ["seq", -1],
      ["seq", "1"],
      ["seq", 2 ** 53],
      ["corr", []],
      ["t_wall", 1],
      ["t_mono_ns", -1],
      ["t_mono_ns", "1"],
    ];
    for (const [field, value] of wrong) {
      const json = JSON.stringify({ v: 1, t, data: {}, [field]: value });
      expect(() => parse(json), `${field} = ${JSON.stringify(value)}`).toThrow(`message.${field} must be`);
    }
  });
});

describe("types", () => {
  it("an unknown type is the application's, and its data passes untouched", () => {
    for (const data of [{ any: ["thing"] }, null, 7, "text", [1]]) {
      const parsed = parseServerMessage(encodeServerMessage("weather.now", data, { seq: 3 }));
      expect(parsed).toEqual({ v: 1, t: "weather.now", seq: 3, data, application: true });
      expect(isApplicationMessage(parsed)).toBe(true);
    }
  });

  it.each(["client.hello", "client.x", "server.x", "session.", "audio.x", "system.reboot"])(
    "a server may not say %s, which is reserved and not its own",
    (t) => {
      expect(() => parseServerMessage(message(t, {}))).toThrow(`message.t "${t}" is reserved and unknown.`);
    },
  );

  it.each(["server.welcome", "weather.now", "client.x", "", "client.hello "])("a client may not say %j", (t) => {
    expect(() => parseClientMessage(message(t, {}))).toThrow(`message.t must be a client message, and is "${t}".`);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"])(
    "the name %s is no message of the protocol",
    (t) => {
      expect(errorOf(() => parseClientMessage(message(t, {})))).toBeInstanceOf(ShapeError);
      expect(isApplicationMessage(parseServerMessage(message(t, {})))).toBe(true);
    },
  );

  it("fields named like an object's own machinery change no object", () => {
    const json =
      '{"v":1,"t":"audio.ack","__proto__":{"seq":9},"constructor":{"prototype":{"polluted":1}},' +
      '"data":{"position":1,"__proto__":{"polluted":1}}}';
    const parsed = parseServerMessage(json);
    expect(parsed).toEqual({ v: 1, t: "audio.ack", data: { position: 1 } });
    expect(parsed.seq).toBeUndefined();
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(parsed.data)).toBe(Object.prototype);
    expect({}).not.toHaveProperty("polluted");
  });

  it("a required field cannot be inherited", () => {
    const json = '{"v":1,"t":"audio.ack","data":{"__proto__":{"position":1}}}';
    expect(() => parseServerMessage(json)).toThrow("data.position must be");
  });
});

describe("whatever comes in", () => {
  /** Reads `json`, and fails on anything but a message or a ShapeError. */
  function survives(json: string): void {
    for (const parse of [parseClientMessage, parseServerMessage]) {
      const error = errorOf(() => parse(json));
      if (error !== undefined) expect(error).toBeInstanceOf(ShapeError);
    }
  }

  it("is either understood or refused with a ShapeError, be it any text", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), survives), { numRuns: 500 });
  }, 30_000);

  it("is either understood or refused with a ShapeError, be it any data under any name", () => {
    const types = fc.oneof(
      fc.constantFrom(...CASES.map(({ t }) => t), "__proto__", "constructor", "status", "audio.", "x"),
      fc.string(),
    );
    const envelope = fc.record(
      { v: fc.constantFrom(1, 2), t: types, seq: fc.jsonValue(), sid: fc.jsonValue(), data: fc.jsonValue() },
      { requiredKeys: ["v", "t"] },
    );
    fc.assert(
      fc.property(envelope, (value) => survives(JSON.stringify(value))),
      { numRuns: 1_000 },
    );
  }, 30_000);

  it("is either understood or refused with a ShapeError, be it a good message with one field spoilt", () => {
    const spoilt = fc
      .constantFrom(...CHECKED_CASES)
      .chain(({ t, full }) =>
        fc.tuple(fc.constant(t), fc.constant(full), fc.constantFrom(...fieldsOf(full)), fc.jsonValue()),
      );
    fc.assert(
      fc.property(spoilt, ([t, full, path, to]) =>
        survives(message(t, withField(full, path, { to: toJson(to) }), { seq: 1 })),
      ),
      { numRuns: 1_000 },
    );
  }, 30_000);

  it("may be nested as deep as a message is long", () => {
    const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    const json = `{"v":1,"t":"session.snapshot","data":{"session_id":"s","epoch":1,"current_seq":1,"active_partials":[],"finalized_transcript":${deep(30_000)}}}`;
    expect(errorOf(() => parseServerMessage(json))).toBeUndefined();
    expect(() => parseServerMessage(`{"v":1,"t":"audio.ack","data":{"position":${deep(30_000)}}}`)).toThrow(
      "data.position must be a whole number",
    );
  });

  it("may not be a longer list than the protocol allows", () => {
    const data = { ...SERVER_SAMPLES["session.snapshot"].full, active_partials: Array(1_001).fill(0) };
    expect(() => parseServerMessage(message("session.snapshot", data))).toThrow("data.active_partials");
  });
});

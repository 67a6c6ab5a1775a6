import { parseServerMessage } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { Outbox, type OutboxOptions } from "../../examples/server/protocol/outbox.js";

const open = (limits: Partial<OutboxOptions>) => new Outbox({ maxEvents: 100, window: 100, ...limits });
const read = (messages: readonly string[]) => messages.map((message) => parseServerMessage(message));
/** Numbers of the messages; an announced loss is its range. */
const told = (messages: readonly string[]) =>
  read(messages).map(({ t, seq, data }) => {
    const { from_seq, to_seq } = data as { readonly from_seq?: number; readonly to_seq?: number };
    return t === "queue.drop" ? `lost ${from_seq}–${to_seq}` : seq;
  });
/** Data of so many bytes. */
const sized = (bytes: number) => ({ a: "x".repeat(bytes - '{"a":""}'.length) });

describe.each([
  ["count", { maxEvents: 3 }],
  ["bytes", { maxBytes: 30 }],
  ["age", { maxAgeMs: 25 }],
] as const)("an outbox with a limit of %s", (_, limits) => {
  it("announces what had to go before it was sent, and sends the rest", () => {
    const outbox = open(limits);
    for (let seq = 1; seq <= 5; seq += 1) outbox.push("status", sized(10), 10 * seq);
    expect(told(outbox.pump("s"))).toEqual(["lost 1–2", 3, 4, 5]);
    expect(told(outbox.pump("s"))).toEqual([]);
  });

  it("tells a client that comes back the range it can no longer get", () => {
    const outbox = open(limits);
    for (let seq = 1; seq <= 5; seq += 1) {
      outbox.push("status", sized(10), 10 * seq);
      outbox.pump("s");
    }
    expect(outbox.rewind(1)).toEqual({ from_seq: 2, to_seq: 2 });
    expect(told(outbox.replay("s"))).toEqual([3, 4, 5]);
    expect(outbox.rewind(4)).toBeUndefined();
  });

  it("counts only what is not acknowledged", () => {
    const outbox = open(limits);
    for (let seq = 1; seq <= 5; seq += 1) {
      outbox.push("status", sized(10), 10 * seq);
      outbox.pump("s");
      outbox.acknowledge(seq);
    }
    outbox.push("status", sized(10), 60);
    expect(told(outbox.pump("s"))).toEqual([6]);
  });
});

describe("an outbox", () => {
  it("keeps one message that is larger than its limit", () => {
    const outbox = open({ maxBytes: 30 });
    outbox.push("status", sized(10), 0);
    outbox.push("status", sized(500), 0);
    expect(told(outbox.pump("s"))).toEqual(["lost 1–1", 2]);
  });

  it("counts bytes as they go over the wire", () => {
    const outbox = open({ maxBytes: 30 });
    outbox.push("status", { a: "ж".repeat(7) }, 0);
    outbox.push("status", sized(10), 0);
    expect(told(outbox.pump("s"))).toEqual(["lost 1–1", 2]);
  });

  it("lets old messages go when it is told the time, without another one", () => {
    const outbox = open({ maxAgeMs: 25 });
    outbox.push("status", { a: 1 }, 0);
    outbox.push("status", { a: 2 }, 10);
    outbox.expire(25);
    expect(outbox.length).toBe(2);
    outbox.expire(26);
    expect(outbox.length).toBe(1);
    expect(outbox.rewind(0)).toEqual({ from_seq: 1, to_seq: 1 });
  });

  it("has no limit of bytes or age unless it is given one", () => {
    const outbox = open({});
    for (let seq = 1; seq <= 50; seq += 1) outbox.push("status", sized(100_000), 1e9 * seq);
    expect(told(outbox.pump("s"))).toHaveLength(50);
  });
});

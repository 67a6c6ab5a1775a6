import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Outbox } from "../../examples/server/protocol/outbox.js";
import { MessageLedger } from "../../src/session/messages/message-ledger.js";

interface Wire {
  readonly t: string;
  readonly seq?: number;
  readonly data: { readonly from_seq: number; readonly to_seq: number };
}

/** A server's outbox and a client's ledger with a connection between them that breaks anywhere. */
class Pair {
  readonly outbox: Outbox;
  readonly ledger = new MessageLedger();
  readonly delivered: number[] = [];
  readonly announced: number[] = [];
  #wire: Wire[] = [];
  #live = false;

  constructor(maxEvents: number, window: number) {
    this.outbox = new Outbox({ maxEvents, window });
    this.ledger.reset(1, 0);
    this.#live = true;
  }

  say(messages: number): void {
    for (let count = 0; count < messages; count += 1) this.outbox.push("status", {}, 0);
    if (this.#live) this.#put(this.outbox.pump("s"));
  }

  /** What was on its way is lost. */
  reconnect(): void {
    this.#wire = [];
    this.ledger.beginResume();
    const gap = this.outbox.rewind(this.ledger.lastSeq);
    this.#live = true;
    if (gap !== undefined) this.ledger.lose(gap.from_seq, gap.to_seq);
    this.#put(this.outbox.replay("s"));
    this.#wire.push({ t: "session.ack", data: { from_seq: 0, to_seq: 0 } });
    this.#put(this.outbox.pump("s"));
  }

  deliver(messages: number): void {
    for (const message of this.#wire.splice(0, messages)) {
      if (message.t === "session.ack") {
        this.ledger.finishResume(undefined);
        this.announceMissing();
      } else if (message.t === "queue.drop") {
        this.ledger.loseReported(message.data.from_seq, message.data.to_seq);
        for (let seq = message.data.from_seq; seq <= message.data.to_seq; seq += 1) this.announced.push(seq);
      } else if (message.seq !== undefined && this.ledger.accept(message.seq)) this.delivered.push(message.seq);
    }
  }

  announceMissing(): void {
    for (const { fromSeq, toSeq } of this.ledger.takeMissing()) {
      for (let seq = fromSeq; seq <= toSeq; seq += 1) this.announced.push(seq);
    }
  }

  acknowledge(): void {
    expect(this.outbox.acknowledge(this.ledger.lastSeq)).toBe(true);
    this.#put(this.outbox.pump("s"));
  }

  finish(): void {
    this.reconnect();
    for (let round = 0; round < 1_000 && !(this.outbox.flushed && this.#wire.length === 0); round += 1) {
      this.deliver(Number.POSITIVE_INFINITY);
      this.acknowledge();
    }
  }

  #put(frames: readonly string[]): void {
    for (const frame of frames) this.#wire.push(JSON.parse(frame) as Wire);
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("say" as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("deliver" as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("acknowledge" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reconnect" as const) }) },
);

describe("numbered messages between an outbox and a ledger", () => {
  it("are each delivered once, in order, or announced as missing, wherever the connection breaks", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 12 }),
        fc.array(step, { maxLength: 80 }),
        (maxEvents, window, steps) => {
          const pair = new Pair(maxEvents, window);
          for (const what of steps) {
            if (what.do === "say" || what.do === "deliver") pair[what.do](what.count);
            else pair[what.do]();
            expect(pair.outbox.length).toBeLessThanOrEqual(maxEvents);
          }
          pair.finish();
          const { delivered, announced, outbox } = pair;
          expect(delivered).toEqual([...new Set(delivered)].sort((a, b) => a - b));
          const all = new Set([...delivered, ...announced]);
          expect(all.size).toBe(outbox.seq);
          expect(announced.filter((seq) => delivered.includes(seq))).toEqual([]);
          expect(outbox.length).toBe(0);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it("are never sent further ahead than the window, and those that had to go count too", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.oneof(fc.constant("push" as const), fc.nat({ max: 20 })), { maxLength: 60 }),
        (maxEvents, window, steps) => {
          const outbox = new Outbox({ maxEvents, window });
          let inFlight: number[] = [];
          for (const what of steps) {
            if (what === "push") outbox.push("status", {}, 0);
            else {
              const seq = inFlight[what % Math.max(1, inFlight.length)] ?? 0;
              expect(outbox.acknowledge(seq)).toBe(true);
              inFlight = inFlight.filter((sent) => sent > seq);
            }
            const sent = outbox.pump("s").map((frame) => (JSON.parse(frame) as Wire).seq);
            inFlight.push(...sent.filter((seq) => seq !== undefined));
            expect(inFlight.length).toBeLessThanOrEqual(window);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("cannot be acknowledged before they are sent", () => {
    const outbox = new Outbox({ maxEvents: 10, window: 2 });
    for (let count = 0; count < 5; count += 1) outbox.push("status", {}, 0);
    outbox.pump("s");
    expect(outbox.acknowledge(3)).toBe(false);
    expect(outbox.length).toBe(5);
    expect(outbox.acknowledge(2)).toBe(true);
    expect(outbox.length).toBe(3);
  });
});

import fc from "fast-check";
import { BoundedQueue } from "loquilex/resources";
import { describe, expect, it } from "vitest";

describe("BoundedQueue", () => {
  it("hands items out in the order they came", () => {
    const queue = new BoundedQueue<number>({ maxCost: 3 });
    for (const item of [1, 2, 3]) expect(queue.push(item)).toEqual([]);
    expect(queue.peek()).toBe(1);
    expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([1, 2, 3, undefined]);
  });

  it("drops the oldest when full, and hands back what it dropped", () => {
    const queue = new BoundedQueue<number>({ maxCost: 10, costOf: (item) => item });
    queue.push(4);
    queue.push(5);
    expect(queue.push(8)).toEqual([4, 5]);
    expect(queue.cost).toBe(8);
    expect(queue.readMetrics()).toMatchObject({ pushed: 3, dropped: 2, cost: 8, peakCost: 9 });
  });

  it("tells how much was dropped altogether and since it was asked, when the last time, and why", () => {
    let now = 1_000;
    const queue = new BoundedQueue<number>({ maxCost: 2, now: () => now });
    queue.push(1);
    queue.push(2);
    const nothing = { dropped: 0, droppedSinceRead: 0, lastDropAt: undefined, lastDropReason: undefined };
    expect(queue.readMetrics()).toMatchObject(nothing);
    queue.push(3);
    now = 2_000;
    queue.push(4);
    const twice = { dropped: 2, lastDropAt: 2_000, lastDropReason: "full" };
    expect(queue.readMetrics()).toMatchObject({ ...twice, droppedSinceRead: 2 });
    expect(queue.readMetrics()).toMatchObject({ ...twice, droppedSinceRead: 0 });
    now = 3_000;
    queue.discard("the reader is gone");
    const all = { dropped: 4, droppedSinceRead: 2, lastDropAt: 3_000, lastDropReason: "the reader is gone", cost: 0 };
    expect(queue.readMetrics()).toMatchObject(all);
    now = 4_000;
    queue.discard("nothing was there to lose");
    expect(queue.readMetrics()).toMatchObject({ ...all, droppedSinceRead: 0 });
  });

  it("holds one item that is larger than the bound, alone", () => {
    const queue = new BoundedQueue<number>({ maxCost: 10, costOf: (item) => item });
    queue.push(1);
    expect(queue.push(50)).toEqual([1]);
    expect(queue.drain()).toEqual([50]);
  });

  it("clear() lets go of everything and counts anew", () => {
    const queue = new BoundedQueue<number>({ maxCost: 1 });
    queue.push(1);
    queue.push(2);
    queue.clear();
    expect([queue.size, queue.cost, queue.peek()]).toEqual([0, 0, undefined]);
    expect(queue.readMetrics()).toEqual({
      pushed: 0,
      dropped: 0,
      droppedSinceRead: 0,
      lastDropAt: undefined,
      lastDropReason: undefined,
      cost: 0,
      peakCost: 0,
    });
  });

  it("refuses a bound that is not above 0, naming it", () => {
    expect(() => new BoundedQueue({ maxCost: 0 })).toThrow("maxCost must be above 0, and is 0");
    expect(() => new BoundedQueue({ maxCost: Number.NaN })).toThrow(RangeError);
  });

  it("does what a plain list would do, whatever the order of calls", () => {
    const call = fc.oneof(
      { weight: 6, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 9 }) }) },
      { weight: 5, arbitrary: fc.constant("shift" as const) },
      { weight: 1, arbitrary: fc.constant("drain" as const) },
    );
    fc.assert(
      fc.property(fc.array(call, { maxLength: 600 }), fc.integer({ min: 1, max: 300 }), (calls, maxCost) => {
        const queue = new BoundedQueue<number>({ maxCost, costOf: (item) => item });
        const model: number[] = [];
        const cost = () => model.reduce((sum, item) => sum + item, 0);
        for (const next of calls) {
          if (next === "shift") expect(queue.shift()).toBe(model.shift());
          else if (next === "drain") expect(queue.drain()).toEqual(model.splice(0));
          else {
            const dropped: number[] = [];
            while (model.length > 0 && cost() + next.push > maxCost) dropped.push(model.shift() ?? 0);
            model.push(next.push);
            expect(queue.push(next.push)).toEqual(dropped);
          }
          expect([queue.size, queue.cost, queue.peek()]).toEqual([model.length, cost(), model[0]]);
        }
      }),
    );
  });
});

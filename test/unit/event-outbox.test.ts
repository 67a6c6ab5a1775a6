import { expect, it } from "vitest";
import { EventOutbox } from "../../src/host/worker/event-outbox.js";
import type { WorkerEvent } from "../../src/host/worker/worker-messages.js";

const level = (position: number): WorkerEvent => ({
  type: "level",
  level: { position, timestamp: 0, peakLevel: 0, rmsLevel: 0, mutedPeakLevel: 0 },
});
const drop = (from: number): WorkerEvent => ({ type: "drop", range: { from, to: from + 1 } });

function outbox() {
  const batches: (readonly WorkerEvent[])[] = [];
  return { batches, box: new EventOutbox((events) => batches.push(events)) };
}

/** The step is over, and the next one begins. */
const step = () => Promise.resolve();

it("events of one step go out together, when it is over", async () => {
  const { box, batches } = outbox();
  box.add(drop(0));
  box.add(drop(1));
  expect(batches).toEqual([]);
  await step();
  expect(batches).toEqual([[drop(0), drop(1)]]);
});

it("what the page must learn goes out with its step, also if the page is late: a worker that dies would take it along", async () => {
  const { box, batches } = outbox();
  for (let n = 0; n < 3; n += 1) {
    box.add(drop(n));
    await step();
  }
  expect(batches).toEqual([[drop(0)], [drop(1)], [drop(2)]]);
});

it("levels wait for a page that is late, and go out in order with the next event", async () => {
  const { box, batches } = outbox();
  for (let n = 0; n < 3; n += 1) {
    box.add(level(n));
    await step();
  }
  expect(batches).toEqual([[level(0)]]);
  box.add(drop(3));
  await step();
  expect(batches[1]).toEqual([level(1), level(2), drop(3)]);
});

it("levels that wait go out when the page has handled all that went before", async () => {
  const { box, batches } = outbox();
  box.add(drop(0));
  await step();
  box.add(drop(1));
  await step();
  box.add(level(2));
  box.seen();
  await step();
  expect(batches).toHaveLength(2);
  box.seen();
  await step();
  expect(batches[2]).toEqual([level(2)]);
});

it("of levels that wait, the last 64 go out", async () => {
  const { box, batches } = outbox();
  box.add(drop(0));
  await step();
  for (let n = 0; n < 100; n += 1) box.add(level(n));
  box.add(drop(1));
  await step();
  expect(batches[1]).toEqual([...Array.from({ length: 64 }, (_, n) => level(36 + n)), drop(1)]);
});

it("what has not gone out is handed over at the end, and nothing goes out after it", async () => {
  const { box, batches } = outbox();
  box.add(level(0));
  await step();
  box.add(level(1));
  expect(box.close()).toEqual([level(1)]);
  box.add(drop(2));
  await step();
  expect(batches).toHaveLength(1);
});

import { expect, it } from "vitest";
import { EventOutbox } from "../../src/host/worker/event-outbox.js";
import type { WorkerEvent } from "../../src/host/worker/worker-messages.js";

const level = (position: number): WorkerEvent => ({
  type: "level",
  level: { position, timestamp: 0, peakLevel: 0, rmsLevel: 0 },
});
const drop = (from: number): WorkerEvent => ({ type: "drop", range: { from, to: from + 1 } });

function outbox() {
  const batches: (readonly WorkerEvent[])[] = [];
  return { batches, box: new EventOutbox((events) => batches.push(events)) };
}

it("an event goes out at once if the page is not late", () => {
  const { box, batches } = outbox();
  box.add(drop(0));
  expect(batches).toEqual([[drop(0)]]);
});

it("what the page must learn goes out at once, also if the page is late: a worker that dies would take it along", () => {
  const { box, batches } = outbox();
  for (let n = 0; n < 3; n += 1) box.add(drop(n));
  expect(batches).toEqual([[drop(0)], [drop(1)], [drop(2)]]);
});

it("levels wait for a page that is late, and go out in order with the next event", () => {
  const { box, batches } = outbox();
  box.add(level(0));
  box.add(level(1));
  box.add(level(2));
  expect(batches).toEqual([[level(0)]]);
  box.add(drop(3));
  expect(batches[1]).toEqual([level(1), level(2), drop(3)]);
});

it("levels that wait go out when the page has handled all that went before", () => {
  const { box, batches } = outbox();
  box.add(drop(0));
  box.add(drop(1));
  box.add(level(2));
  box.seen();
  expect(batches).toHaveLength(2);
  box.seen();
  expect(batches[2]).toEqual([level(2)]);
});

it("of levels that wait, the last 64 go out", () => {
  const { box, batches } = outbox();
  box.add(drop(0));
  for (let n = 0; n < 100; n += 1) box.add(level(n));
  box.add(drop(1));
  expect(batches[1]).toEqual([...Array.from({ length: 64 }, (_, n) => level(36 + n)), drop(1)]);
});

it("what has not gone out is handed over at the end, and nothing goes out after it", () => {
  const { box, batches } = outbox();
  box.add(level(0));
  box.add(level(1));
  expect(box.close()).toEqual([level(1)]);
  box.add(drop(2));
  expect(batches).toHaveLength(1);
});

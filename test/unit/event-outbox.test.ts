import { expect, it } from "vitest";
import { EventOutbox } from "../../src/host/event-outbox.js";
import type { WorkerEvent } from "../../src/host/worker-messages.js";

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

it("events wait for a page that is late, in order, and go out together", () => {
  const { box, batches } = outbox();
  box.add(drop(0));
  box.add(drop(1));
  box.add(drop(2));
  expect(batches).toHaveLength(1);
  box.seen();
  expect(batches[1]).toEqual([drop(1), drop(2)]);
  box.seen();
  box.add(drop(3));
  expect(batches[2]).toEqual([drop(3)]);
});

it("of levels that wait, the last 64 go out", () => {
  const { box, batches } = outbox();
  box.add(drop(0));
  for (let n = 0; n < 100; n += 1) box.add(level(n));
  box.add(drop(1));
  box.seen();
  const [, waited = []] = batches;
  expect(waited.filter(({ type }) => type === "level")).toEqual(Array.from({ length: 64 }, (_, n) => level(36 + n)));
  expect(waited.at(-1)).toEqual(drop(1));
});

it("what has not gone out is handed over at the end, and nothing goes out after it", () => {
  const { box, batches } = outbox();
  box.add(drop(0));
  box.add(drop(1));
  expect(box.takeRest()).toEqual([drop(1)]);
  box.add(drop(2));
  expect(batches).toHaveLength(1);
});

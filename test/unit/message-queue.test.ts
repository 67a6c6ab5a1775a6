import { describe, expect, it, vi } from "vitest";
import { MessageQueue } from "../../src/internal/message-queue.js";

function openQueue(limit = 3) {
  const onReturn = vi.fn();
  const queue = new MessageQueue<number>({ limit, overflow: () => new RangeError("too slow"), onReturn });
  return { queue, onReturn };
}

async function readAll(queue: MessageQueue<number>): Promise<number[]> {
  const items: number[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

describe("reading messages", () => {
  it("gives what came before the reader, and what comes while it waits, in order", async () => {
    const { queue } = openQueue();
    queue.push(1);
    queue.push(2);
    const reading = readAll(queue);
    await Promise.resolve();
    queue.push(3);
    queue.push(4);
    queue.close();
    expect(await reading).toEqual([1, 2, 3, 4]);
  });

  it("serves several waits in the order they were made", async () => {
    const { queue } = openQueue();
    const waits = [queue.next(), queue.next()];
    queue.push(1);
    queue.push(2);
    expect(await Promise.all(waits)).toEqual([
      { value: 1, done: false },
      { value: 2, done: false },
    ]);
  });

  it("lets a closed queue be read to its end, and takes nothing more", async () => {
    const { queue } = openQueue();
    queue.push(1);
    queue.close();
    queue.push(2);
    expect(await readAll(queue)).toEqual([1]);
    expect(await queue.next()).toEqual({ value: undefined, done: true });
  });

  it("ends every wait when it is closed", async () => {
    const { queue } = openQueue();
    const waits = [queue.next(), queue.next()];
    queue.close();
    expect(await Promise.all(waits)).toEqual([
      { value: undefined, done: true },
      { value: undefined, done: true },
    ]);
  });

  it("gives a failure after what is queued, once, and then is over", async () => {
    const { queue } = openQueue();
    const failure = new Error("aborted");
    queue.push(1);
    queue.fail(failure);
    expect(await queue.next()).toEqual({ value: 1, done: false });
    await expect(queue.next()).rejects.toBe(failure);
    expect(await queue.next()).toEqual({ value: undefined, done: true });
  });

  it("rejects the waits that are open when it fails", async () => {
    const { queue } = openQueue();
    const failure = new Error("aborted");
    const wait = queue.next();
    queue.fail(failure);
    await expect(wait).rejects.toBe(failure);
  });

  it("fails a reader who leaves more unread than the limit, after what was in time", async () => {
    const { queue, onReturn } = openQueue(2);
    for (const item of [1, 2, 3, 4]) queue.push(item);
    expect(onReturn).toHaveBeenCalledTimes(1);
    expect(await queue.next()).toEqual({ value: 1, done: false });
    expect(await queue.next()).toEqual({ value: 2, done: false });
    await expect(queue.next()).rejects.toThrow(new RangeError("too slow"));
  });

  it("is released, once, when the reader breaks out of the loop", async () => {
    const { queue, onReturn } = openQueue();
    queue.push(1);
    queue.push(2);
    for await (const item of queue) {
      expect(item).toBe(1);
      break;
    }
    queue.close();
    expect(onReturn).toHaveBeenCalledTimes(1);
    expect(await queue.next()).toEqual({ value: undefined, done: true });
  });

  it("is released, once, when it is closed or fails", () => {
    for (const end of ["close", "fail"] as const) {
      const { queue, onReturn } = openQueue();
      queue[end](new Error("over") as never);
      queue.close();
      expect(onReturn).toHaveBeenCalledTimes(1);
    }
  });
});

import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { withSignal } from "../../src/internal/abort.js";

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("waiting with a signal", () => {
  it("passes on the value, and the failure, of the promise", async () => {
    const { signal } = new AbortController();
    await expect(withSignal(Promise.resolve(7), signal)).resolves.toBe(7);
    const failure = new Error("failed");
    await expect(withSignal(Promise.reject(failure), signal)).rejects.toBe(failure);
  });

  it("waits as long as it takes where there is no signal", async () => {
    await expect(withSignal(Promise.resolve(7), undefined)).resolves.toBe(7);
  });

  it("rejects with the signal's reason itself, not with a wrapper", async () => {
    const controller = new AbortController();
    const reason = { of: "the caller's own kind" };
    const waiting = withSignal(new Promise(() => {}), controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it("rejects at once when the signal has aborted already, even if the promise has its value", async () => {
    const reason = new Error("too late");
    await expect(withSignal(Promise.resolve(7), AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it("owns the failure of a promise nobody waits for any more", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const controller = new AbortController();
      await withSignal(Promise.reject(new Error("first")), AbortSignal.abort()).catch(() => {});
      const later = withSignal(
        new Promise((_, reject) => setImmediate(() => reject(new Error("second")))),
        controller.signal,
      );
      controller.abort();
      await later.catch(() => {});
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("removes its listener when the wait ends, however it ends", async () => {
    // nodejs/undici#5713
    const controller = new AbortController();
    const { signal } = controller;
    await Promise.all(Array.from({ length: 5 }, () => withSignal(Promise.resolve(), signal)));
    await withSignal(Promise.reject(new Error("failed")), signal).catch(() => {});
    expect(listenersOf(signal)).toBe(0);
    const waiting = withSignal(new Promise(() => {}), signal);
    expect(listenersOf(signal)).toBe(1);
    controller.abort();
    await waiting.catch(() => {});
    expect(listenersOf(signal)).toBe(0);
  });
});

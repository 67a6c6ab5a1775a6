import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import type { DisposalReport } from "../../src/internal/resource-reports.js";
import { Scope } from "../../src/internal/scope.js";
import { ManualClock } from "../support/manual-clock.js";

function openScope(more: { readonly stepTimeoutMs?: number } = {}) {
  const clock = new ManualClock();
  const reports: DisposalReport[] = [];
  const scope = new Scope({ name: "owner", clock, onReport: (report) => reports.push(report), ...more });
  return { scope, clock, reports };
}

/** Lets everything that waits for nothing but promises happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

const abortListeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("the order of disposal", () => {
  it("disposes last in, first out", () => {
    const { scope } = openScope();
    const order: string[] = [];
    for (const name of ["a", "b", "c"]) scope.defer(name, () => order.push(name));
    void scope.dispose();
    expect(order).toEqual(["c", "b", "a"]);
  });

  it("ends children before the scope's own resources, the youngest child first, whenever they were made", () => {
    const { scope } = openScope();
    const order: string[] = [];
    scope.child("first").defer("r", () => order.push("first"));
    scope.defer("own", () => order.push("own"));
    const second = scope.child("second");
    second.defer("r", () => order.push("second"));
    second.child("grandchild").defer("r", () => order.push("grandchild"));
    void scope.dispose();
    expect(order).toEqual(["grandchild", "second", "first", "own"]);
  });

  it("aborts the signal, with the reason, before the first disposer runs", () => {
    const { scope } = openScope();
    const child = scope.child("child");
    const reason = new Error("over");
    const seen: unknown[] = [];
    child.defer("r", () => seen.push(scope.signal.reason, child.signal.reason));
    void scope.dispose(reason);
    expect(seen).toEqual([reason, reason]);
  });

  it("gives children the very reason it made up itself when none was given", () => {
    const { scope } = openScope();
    const child = scope.child("child");
    void scope.dispose();
    expect(scope.signal.reason).toMatchObject({ name: "AbortError" });
    expect(child.signal.reason).toBe(scope.signal.reason);
  });

  it("releases everything inside the call to dispose()", () => {
    const { scope, clock } = openScope();
    const target = new EventTarget();
    const calls: string[] = [];
    scope.listen(target, "ping", () => calls.push("ping"));
    scope.timeout(10, () => calls.push("timer"));
    scope.child("child").defer("device", () => calls.push("device released"));
    void scope.dispose();
    target.dispatchEvent(new Event("ping"));
    clock.advance(100);
    expect(calls).toEqual(["device released"]);
    expect(clock.pending).toBe(0);
  });

  it("disposes once, and answers every call with the same promise", async () => {
    const { scope } = openScope();
    const dispose = vi.fn();
    scope.defer("r", dispose);
    const first = scope.dispose();
    expect(scope.dispose()).toBe(first);
    await first;
    expect(scope.dispose()).toBe(first);
    expect(dispose).toHaveBeenCalledTimes(1);
  });

  it("may be disposed again from one of its own disposers", async () => {
    const { scope } = openScope();
    const inner: Promise<unknown>[] = [];
    scope.defer("r", () => {
      inner.push(scope.dispose());
    });
    const outer = scope.dispose();
    expect(inner).toEqual([outer]);
    expect((await outer).failures).toEqual([]);
  });
});

describe("late registrations", () => {
  it("disposes at once what is registered after the end", () => {
    const { scope } = openScope();
    void scope.dispose();
    const dispose = vi.fn();
    scope.defer("late", dispose);
    expect(dispose).toHaveBeenCalledTimes(1);
    expect(scope.resources()).toEqual([]);
  });

  it("disposes at once what a disposer registers", () => {
    const { scope } = openScope();
    const late = vi.fn();
    scope.defer("r", () => scope.defer("late", late));
    void scope.dispose();
    expect(late).toHaveBeenCalledTimes(1);
  });

  it("starts no timer and no listener after the end", () => {
    const { scope, clock } = openScope();
    void scope.dispose();
    const callback = vi.fn();
    const { signal } = new AbortController();
    scope.timeout(1, callback).dispose();
    scope.listen(signal, "abort", callback).release();
    expect(clock.pending).toBe(0);
    expect(abortListeners(signal)).toBe(0);
  });

  it("gives a child that is made after the end the scope's reason, and ends it at once", () => {
    const { scope } = openScope();
    const reason = new Error("over");
    void scope.dispose(reason);
    const child = scope.child("late");
    const dispose = vi.fn();
    child.defer("r", dispose);
    expect(child.signal.reason).toBe(reason);
    expect(dispose).toHaveBeenCalledTimes(1);
  });

  it("reports a late registration that cannot be released", async () => {
    const { scope, reports } = openScope();
    await scope.dispose();
    const error = new Error("stuck");
    scope.child("late").defer("device", () => {
      throw error;
    });
    await settle();
    expect(reports).toEqual([{ scope: "owner/late", failures: [{ resource: "device", error }] }]);
  });
});

describe("failing steps", () => {
  it("goes on with the rest and collects what failed into one report, that of children included", async () => {
    const { scope, reports } = openScope();
    const released: string[] = [];
    scope.defer("first", () => released.push("first"));
    scope.defer("throws", () => {
      throw new Error("thrown");
    });
    scope.defer("rejects", () => Promise.reject(new Error("rejected")));
    const child = scope.child("child");
    child.defer("in child", () => released.push("in child"));
    child.defer("throws in child", () => {
      throw new Error("thrown in child");
    });
    const report = await scope.dispose();
    expect(released).toEqual(["in child", "first"]);
    const failures = report.failures.map(({ resource, error }) => `${resource}: ${(error as Error).message}`);
    expect(failures).toEqual(["throws in child: thrown in child", "rejects: rejected", "throws: thrown"]);
    expect(reports).toEqual([report]);
  });

  it("reports nothing when nothing failed", async () => {
    const { scope, reports } = openScope();
    scope.defer("r", () => Promise.resolve("value"));
    expect(await scope.dispose()).toEqual({ scope: "owner", failures: [] });
    expect(reports).toEqual([]);
  });

  it("tells a child's own failure once, and not again when the parent ends", async () => {
    const { scope, reports } = openScope();
    const child = scope.child("child");
    child.defer("r", () => {
      throw new Error("stuck");
    });
    const own = await child.dispose();
    const parents = await scope.dispose();
    expect(own.failures).toHaveLength(1);
    expect(parents.failures).toEqual([]);
    expect(reports).toEqual([own]);
  });

  it("keeps a late failure out of the report of a disposal that is still under way", async () => {
    const { scope, reports } = openScope();
    scope.defer("first", () => Promise.reject(new Error("first")));
    const disposal = scope.dispose();
    scope.defer("late", () => {
      throw new Error("late");
    });
    const { failures } = await disposal;
    await settle();
    expect(failures.map(({ resource }) => resource)).toEqual(["first"]);
    expect(reports.flatMap((report) => report.failures.map(({ resource }) => resource)).sort()).toEqual([
      "first",
      "late",
    ]);
  });

  it("gives each asynchronous step its deadline, and then leaves it behind", async () => {
    const { scope, clock } = openScope({ stepTimeoutMs: 500 });
    scope.defer("hangs", () => new Promise(() => {}));
    scope.defer("ends in time", () => new Promise<void>((resolve) => clock.schedule(400, resolve)));
    const done = vi.fn();
    const disposal = scope.dispose().then((report) => {
      done();
      return report;
    });
    clock.advance(499);
    await settle();
    expect(done).not.toHaveBeenCalled();
    clock.advance(1);
    const { failures } = await disposal;
    expect(failures).toEqual([{ resource: "hangs", error: new Error("Not released within 500 ms.") }]);
  });

  it("waits 3 seconds for a step unless told otherwise", async () => {
    const { scope, clock } = openScope();
    scope.defer("hangs", () => new Promise(() => {}));
    const done = vi.fn();
    void scope.dispose().then(done);
    clock.advance(2_999);
    await settle();
    expect(done).not.toHaveBeenCalled();
    clock.advance(1);
    await settle();
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("leaves no deadline timer behind when the step ends in time", async () => {
    const { scope, clock } = openScope();
    scope.defer("r", () => Promise.resolve());
    await scope.dispose();
    expect(clock.pending).toBe(0);
  });

  it("ends all the same when whoever is told of the report fails", async () => {
    const scope = new Scope({
      name: "owner",
      onReport: () => {
        throw new Error("logger failed");
      },
    });
    scope.defer("r", () => {
      throw new Error("stuck");
    });
    expect((await scope.dispose()).failures).toHaveLength(1);
  });
});

describe("what ends before its scope", () => {
  it("disposes a resource that is handed back, once", () => {
    const { scope } = openScope();
    const dispose = vi.fn();
    const registration = scope.defer("r", dispose);
    registration.dispose();
    registration.dispose();
    expect(dispose).toHaveBeenCalledTimes(1);
    void scope.dispose();
    expect(dispose).toHaveBeenCalledTimes(1);
  });

  it("forgets, without disposing, a resource that ended by itself", () => {
    const { scope } = openScope();
    const dispose = vi.fn();
    scope.defer("r", dispose).release();
    void scope.dispose();
    expect(dispose).not.toHaveBeenCalled();
  });

  it("waits at its own end for a resource that was handed back and is still ending", async () => {
    const { scope, clock } = openScope();
    scope.defer("r", () => new Promise<void>((resolve) => clock.schedule(50, resolve))).dispose();
    const done = vi.fn();
    void scope.dispose().then(done);
    await settle();
    expect(done).not.toHaveBeenCalled();
    clock.advance(50);
    await settle();
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("waits at its own end for a child that is still ending", async () => {
    const { scope, clock } = openScope();
    const child = scope.child("child");
    child.defer("r", () => new Promise<void>((resolve) => clock.schedule(50, resolve)));
    void child.dispose();
    const done = vi.fn();
    void scope.dispose().then(done);
    await settle();
    expect(done).not.toHaveBeenCalled();
    clock.advance(50);
    await settle();
    expect(done).toHaveBeenCalledTimes(1);
  });

  it("reports a resource that fails when it is handed back", async () => {
    const { scope, reports } = openScope();
    const error = new Error("stuck");
    scope.defer("r", () => Promise.reject(error)).dispose();
    await settle();
    expect(reports).toEqual([{ scope: "owner", failures: [{ resource: "r", error }] }]);
  });
});

describe("timers and listeners", () => {
  it("calls a timer back once, after its delay", () => {
    const { scope, clock } = openScope();
    const callback = vi.fn();
    scope.timeout(10, callback);
    clock.advance(9);
    expect(callback).not.toHaveBeenCalled();
    clock.advance(100);
    expect(callback).toHaveBeenCalledTimes(1);
    expect(scope.resources()).toEqual([]);
  });

  it("cancels a timer that is disposed", () => {
    const { scope, clock } = openScope();
    const callback = vi.fn();
    scope.timeout(10, callback).dispose();
    expect(clock.pending).toBe(0);
    clock.advance(10);
    expect(callback).not.toHaveBeenCalled();
  });

  it("removes a listener that is disposed, capturing ones too", () => {
    const { scope } = openScope();
    const { signal } = new AbortController();
    const plain = scope.listen(signal, "abort", () => {});
    const capturing = scope.listen(signal, "abort", () => {}, { capture: true });
    expect(abortListeners(signal)).toBe(2);
    plain.dispose();
    capturing.dispose();
    expect(abortListeners(signal)).toBe(0);
  });

  it("calls no listener that is disposed, even if the page's own wrapper of the platform's calls leaves it attached", () => {
    const { scope } = openScope();
    const attached: ((event: Event) => void)[] = [];
    const target = { addEventListener: (_: string, added: never) => attached.push(added), removeEventListener() {} };
    const listener = vi.fn();
    const registration = scope.listen(target as unknown as EventTarget, "ping", listener);
    attached[0]?.(new Event("ping"));
    registration.dispose();
    attached[0]?.(new Event("ping"));
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it("no longer lists a listener that was for one event and has had it", () => {
    const { scope } = openScope();
    const target = new EventTarget();
    const listener = vi.fn();
    scope.listen(target, "ping", listener, { once: true });
    target.dispatchEvent(new Event("ping"));
    target.dispatchEvent(new Event("ping"));
    expect(listener).toHaveBeenCalledTimes(1);
    expect(scope.resources()).toEqual([]);
  });
});

describe("following a signal", () => {
  it("calls back with the reason when the signal aborts", () => {
    const { scope } = openScope();
    const controller = new AbortController();
    const callback = vi.fn();
    scope.follow(controller.signal, callback);
    controller.abort("why");
    expect(callback.mock.calls).toEqual([["why"]]);
  });

  it("calls back at once when the signal has aborted already", () => {
    const { scope } = openScope();
    const callback = vi.fn();
    scope.follow(AbortSignal.abort("why"), callback).dispose();
    expect(callback.mock.calls).toEqual([["why"]]);
  });

  it("does nothing without a signal", () => {
    const { scope } = openScope();
    const callback = vi.fn();
    const registration = scope.follow(undefined, callback);
    registration.dispose();
    registration.release();
    expect(callback).not.toHaveBeenCalled();
    expect(scope.resources()).toEqual([]);
  });

  it("calls back when the signal aborts while a logger hears of the listener, and keeps nothing", () => {
    const controller = new AbortController();
    const scope = new Scope({ name: "owner", onChange: ({ type }) => type === "acquired" && controller.abort("why") });
    const callback = vi.fn();
    scope.follow(controller.signal, callback);
    expect(callback.mock.calls).toEqual([["why"]]);
    expect(abortListeners(controller.signal)).toBe(0);
    expect(scope.resources()).toEqual([]);
  });

  it("has done what the abort calls for before a logger hears that the listener is gone", () => {
    const order: string[] = [];
    const scope = new Scope({ name: "owner", onChange: ({ type }) => order.push(type) });
    const controller = new AbortController();
    scope.follow(controller.signal, () => order.push("done"));
    controller.abort();
    expect(order).toEqual(["acquired", "done", "released"]);
  });

  it("leaves no listener on the signal, whichever way it ends", () => {
    // nodejs/undici#5713
    const { scope } = openScope();
    const long = new AbortController();
    for (let round = 0; round < 50; round += 1) scope.follow(long.signal, () => {}).dispose();
    expect(abortListeners(long.signal)).toBe(0);
    scope.follow(long.signal, () => {});
    expect(abortListeners(long.signal)).toBe(1);
    void scope.dispose();
    expect(abortListeners(long.signal)).toBe(0);
  });
});

describe("the list of resources", () => {
  it("names each live resource with its owner and its age, oldest first", () => {
    const { scope, clock } = openScope();
    scope.defer("socket", () => {});
    clock.advance(100);
    const child = scope.child("capture");
    child.defer("track", () => {});
    clock.advance(50);
    scope.timeout(1_000, () => {}, "watchdog");
    scope.listen(new EventTarget(), "online", () => {});
    clock.advance(5);
    expect(scope.resources()).toEqual([
      { owner: "owner", resource: "socket", ageMs: 155 },
      { owner: "owner/capture", resource: "track", ageMs: 55 },
      { owner: "owner", resource: "watchdog", ageMs: 5 },
      { owner: "owner", resource: "listener online", ageMs: 5 },
    ]);
    void scope.dispose();
  });

  it("is empty after the end, and does not keep children that ended", async () => {
    const { scope } = openScope();
    const child = scope.child("child");
    child.defer("r", () => {});
    await child.dispose();
    expect(scope.resources()).toEqual([]);
    scope.defer("r", () => {});
    void scope.dispose();
    expect(scope.resources()).toEqual([]);
  });
});

describe("await using", () => {
  it("disposes the scope, and waits for what ends later", async () => {
    const { scope, clock } = openScope();
    scope.defer("r", () => new Promise<void>((resolve) => clock.schedule(50, resolve)));
    const left = vi.fn();
    const block = (async () => {
      await using owned = scope;
      expect(owned.disposed).toBe(false);
    })().then(left);
    await settle();
    expect(scope.disposed).toBe(true);
    expect(left).not.toHaveBeenCalled();
    clock.advance(50);
    await block;
  });

  it("is found under the symbol transpilers agree on where the engine has no Symbol.asyncDispose", async () => {
    const Original = Symbol;
    const engine = Object.assign((description?: string) => Original(description), {
      for: Original.for.bind(Original),
      iterator: Original.iterator,
      toStringTag: Original.toStringTag,
    });
    vi.resetModules();
    vi.stubGlobal("Symbol", engine);
    try {
      const { asyncDispose } = await import("../../src/internal/async-dispose.js");
      expect(asyncDispose).toBe(Original.for("Symbol.asyncDispose"));
    } finally {
      vi.unstubAllGlobals();
      vi.resetModules();
    }
    const { asyncDispose } = await import("../../src/internal/async-dispose.js");
    expect(asyncDispose).toBe(Original.asyncDispose);
  });

  // A logger that hears of the first release may abort the whole stream, and abort() must not return before all is released.
  it("is complete when it returns, also if it comes from within the disposal of a child", () => {
    const released: string[] = [];
    let atReturn: readonly string[] = [];
    const parent: Scope = new Scope({
      name: "parent",
      onChange: ({ type, resource }) => {
        if (type !== "released" || resource !== "last") return;
        void parent.dispose();
        atReturn = [...released];
      },
    });
    const child = parent.child("child");
    for (const resource of ["first", "second", "last"]) child.defer(resource, () => released.push(resource));
    void child.dispose();
    expect(atReturn).toEqual(["second", "first"]);
    expect(released).toEqual(["second", "first", "last"]);
    expect(parent.resources()).toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockSession } from "../../src/host/session-lock.js";
import { Scope } from "../../src/internal/scope.js";

type Held = (lock: Lock | null) => Promise<unknown> | undefined;

/** The browser's locks for one name; releasing one takes a moment, as in browsers. */
class FakeLocks {
  #holder: { readonly steal: () => void } | undefined;
  refuse: DOMException | undefined;

  async request(name: string, how: LockOptions, held: Held): Promise<unknown> {
    if (this.refuse !== undefined) throw this.refuse;
    await nextTask();
    if (this.#holder !== undefined && !how.steal) return held(null);
    this.#holder?.steal();
    const stolen = new Promise<never>((_, reject) => {
      this.#holder = { steal: () => reject(new DOMException("The lock was stolen.", "AbortError")) };
    });
    const mine = this.#holder;
    const lock = { name, mode: "exclusive" } as const;
    await Promise.race([held(lock), stolen]);
    await nextTask();
    if (this.#holder === mine) this.#holder = undefined;
    return undefined;
  }
}

const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

let locks: FakeLocks;
beforeEach(() => {
  locks = new FakeLocks();
  vi.stubGlobal("navigator", { locks });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** One stream of a tab that wants the session. */
function want({ takeover = false } = {}): { scope: Scope; free: Promise<boolean>; onStolen: ReturnType<typeof vi.fn> } {
  const scope = new Scope({ name: "session" });
  const onStolen = vi.fn();
  return { scope, onStolen, free: lockSession({ sessionId: "a-session", takeover, scope, onStolen }) };
}

describe("the lock on a session's name", () => {
  it("is given to the first, refused to the second, and free again when the first has ended", async () => {
    const first = want();
    expect(await first.free).toBe(true);
    const second = want();
    expect(await second.free).toBe(false);
    void first.scope.dispose();
    await nextTask();
    await nextTask();
    const third = want();
    expect(await third.free).toBe(true);
    await third.scope.dispose();
  });

  it("is given to a stream that starts in the very moment in which its predecessor is aborted", async () => {
    const first = want();
    expect(await first.free).toBe(true);
    void first.scope.dispose();
    const second = want();
    expect(await second.free).toBe(true);
    await second.scope.dispose();
  });

  it("is given to a stream whose predecessor was aborted before it had the lock itself", async () => {
    const first = want();
    void first.scope.dispose();
    const second = want();
    expect(await second.free).toBe(true);
    await second.scope.dispose();
  });

  it("can be taken over, of which its holder is told, once", async () => {
    const first = want();
    await first.free;
    const second = want({ takeover: true });
    expect(await second.free).toBe(true);
    await vi.waitFor(() => expect(first.onStolen).toHaveBeenCalledTimes(1));
    expect(first.scope.resources()).toEqual([]);
    expect(second.onStolen).not.toHaveBeenCalled();
    await second.scope.dispose();
  });

  it("is not told to a holder that has ended", async () => {
    const first = want();
    await first.free;
    const second = want({ takeover: true });
    void first.scope.dispose();
    await second.free;
    await nextTask();
    expect(first.onStolen).not.toHaveBeenCalled();
    await second.scope.dispose();
  });

  it("is not needed where the page may not have locks, or the browser has none", async () => {
    locks.refuse = new DOMException("Not in a sandboxed frame.", "SecurityError");
    expect(await want().free).toBe(true);
    vi.stubGlobal("navigator", {});
    expect(await want().free).toBe(true);
  });

  it("is listed while it is held", async () => {
    const { scope, free } = want();
    await free;
    expect(scope.resources().map(({ resource }) => resource)).toEqual(["session lock"]);
    await scope.dispose();
    expect(scope.resources()).toEqual([]);
  });
});

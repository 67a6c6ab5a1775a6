import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockSession } from "../../src/host/lock/session-lock.js";
import { pageHost } from "../../src/host/page/page-host.js";
import { RunningClient, type RunningNews } from "../../src/host/running-client.js";
import { Scope } from "../../src/internal/scope.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { FakeTransport } from "../support/fake-transport.js";
import { ManualClock } from "../support/manual-clock.js";
import { settle } from "../support/observed-stream.js";
import { FRAME, RETRY } from "../support/session-rig.js";

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

// Own trial, field report 90
describe("a browser that never says whether a session is free", () => {
  const host = () => {
    const clock = new ManualClock();
    const scope = new Scope({ name: "session", clock });
    const transport = new FakeTransport();
    const events: RunningNews[] = [];
    const session = {
      sessionId: "a-silent-session",
      clientId: "client",
      takeover: false,
      agent: "test/1",
      format: { encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 },
      replay: { maxDurationMs: 30_000, maxBytes: 4_000_000, whenFull: "drop-oldest" },
      retry: RETRY,
      connectTimeoutMs: 3_000,
      heartbeat: undefined,
      renewableToken: false,
      random: () => 0.5,
    } as const;
    vi.stubGlobal("navigator", { locks: { request: () => new Promise(() => {}) } });
    const options = {
      format: { encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 1 },
      frameDurationMs: 20,
      preRollMs: 0,
      levelIntervalMs: 100,
      session: { ...session, initial: "retry" } as SessionOptions,
    } as const;
    const running = new RunningClient({
      options,
      exclusive: true,
      scope,
      openHost: (own, observer) =>
        pageHost(options, { scope: own, clock, transport, openEncoder: undefined, getToken: undefined, ...observer }),
      onNews: (event) => events.push(event),
    });
    running.open();
    running.start();
    const payload = new Uint8Array(FRAME * 2);
    running.push({ payload, position: 0, sampleCount: FRAME, timestamp: 0, peakLevel: 0, rmsLevel: 0 }, true);
    return { running, clock, scope, transport, events };
  };

  it("holds a start up for two seconds, then the stream goes on with a warning", async () => {
    const { running, clock, scope, transport, events } = host();
    running.connect();
    await settle();
    clock.advance(1_999);
    await settle();
    expect(transport.connections).toEqual([]);
    clock.advance(1);
    await settle();
    expect(events.flatMap((event) => (event.type === "warning" ? [event.error.code] : []))).toEqual([
      "session-lock-timeout",
    ]);
    expect(transport.last.audio).toHaveLength(1);
    await scope.dispose();
  });

  it("does not keep a close from sending what was captured", async () => {
    const { running, clock, scope, transport, events } = host();
    running.connect();
    await settle();
    running.end(2_000);
    clock.advance(500);
    await settle();
    expect(transport.last.audio).toHaveLength(1);
    await settle();
    expect(events.at(-1)?.type).toBe("ended");
    expect(events.some(({ type }) => type === "drop")).toBe(false);
    await scope.dispose();
  });
});

// start() waited for ever, and the page had a rejection that nobody handled.
describe("a browser whose locks are broken", () => {
  const broken: Readonly<Record<string, () => unknown>> = {
    "throw at once": () => {
      throw new TypeError("Illegal invocation");
    },
    "answer without saying anything": async () => undefined,
    "return no promise": () => undefined,
  };

  it.each(Object.entries(broken))("lets the stream go on where they %s", async (_, request) => {
    vi.stubGlobal("navigator", { locks: { request } });
    const { free, scope, onStolen } = want();
    expect(await free).toBe(true);
    expect(onStolen).not.toHaveBeenCalled();
    await scope.dispose();
  });
});

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

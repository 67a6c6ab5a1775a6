import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AwakeState, keepAwake } from "../../src/awake/index.js";
import type { StreamState } from "../../src/state.js";

/** What the browser gives for as long as the screen is to stay on. */
class Sentinel extends EventTarget {
  released = false;

  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    this.dispatchEvent(new Event("release"));
  }
}

class Stream extends EventTarget {
  state: StreamState = "idle";
  readonly #end = new AbortController();
  readonly signal = this.#end.signal;

  go(state: StreamState): void {
    this.state = state;
    if (state === "closed") this.#end.abort();
    this.dispatchEvent(new Event("statechange"));
  }
}

let given: Sentinel[];
let request: ReturnType<typeof vi.fn<() => Promise<Sentinel>>>;
let stream: Stream;
let states: AwakeState[];
let visibility: DocumentVisibilityState;

const give = async (): Promise<Sentinel> => {
  const sentinel = new Sentinel();
  given.push(sentinel);
  return sentinel;
};
const held = () => given.filter(({ released }) => !released).length;
const settled = () => new Promise((resolve) => setTimeout(resolve));

/** The browser takes the screen from pages that cannot be seen, before it tells them so. */
async function show(state: DocumentVisibilityState): Promise<void> {
  visibility = state;
  if (state === "hidden") for (const sentinel of given) await sentinel.release();
  document.dispatchEvent(new Event("visibilitychange"));
  await settled();
}

function keep(onChange: ((state: AwakeState) => void) | undefined = (state) => void states.push(state)): () => void {
  return keepAwake(stream as never, { onChange });
}

async function begin(): Promise<() => void> {
  const stop = keep();
  stream.go("starting");
  stream.go("streaming");
  await settled();
  return stop;
}

beforeEach(() => {
  given = [];
  states = [];
  visibility = "visible";
  request = vi.fn(give);
  stream = new Stream();
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
  vi.stubGlobal("navigator", { wakeLock: { request } });
});
afterEach(() => {
  stream.go("closed");
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("keepAwake", () => {
  it("holds the screen from the start to the end, and not in a pause", async () => {
    await begin();
    expect(held()).toBe(1);
    stream.go("reconnecting");
    stream.go("interrupted");
    await settled();
    expect(request.mock.calls).toEqual([["screen"]]);
    stream.go("paused");
    expect(held()).toBe(0);
    stream.go("streaming");
    await settled();
    expect(held()).toBe(1);
    stream.go("closed");
    expect(held()).toBe(0);
    expect(states).toEqual(["held", "idle", "held", "idle"]);
  });

  it("holds it at once if the stream captures already, and never if it has ended", async () => {
    stream.state = "streaming";
    keep();
    await settled();
    expect(held()).toBe(1);
    stream.go("closed");
    keep();
    await settled();
    expect(request).toHaveBeenCalledOnce();
  });

  it("asks for it again when the page comes back, for which a hidden page waits", async () => {
    visibility = "hidden";
    await begin();
    expect(request).not.toHaveBeenCalled();
    await show("visible");
    await show("hidden");
    expect(held()).toBe(0);
    await show("visible");
    expect(held()).toBe(1);
    expect(states).toEqual(["hidden", "held", "hidden", "held"]);
  });

  it("does not ask again for what the system takes back until the page comes back", async () => {
    await begin();
    await given[0]?.release();
    await settled();
    expect(request).toHaveBeenCalledOnce();
    expect(states).toEqual(["held", "refused"]);
    await show("visible");
    expect(held()).toBe(1);
  });

  it("lets go inside the call, once and for all", async () => {
    const stop = await begin();
    stop();
    stop();
    expect(held()).toBe(0);
    await show("visible");
    stream.go("paused");
    stream.go("streaming");
    await settled();
    expect(request).toHaveBeenCalledOnce();
    expect(states).toEqual(["held"]);
  });

  it.each<readonly [string, (stop: () => void) => unknown]>([
    ["after it was ended", (stop) => stop()],
    ["after the stream has ended", () => stream.go("closed")],
    ["in a pause", () => stream.go("paused")],
    ["when another one has been given", () => show("hidden").then(() => show("visible"))],
  ])("lets go of a screen that is given too late: %s", async (_, happen) => {
    let answer: (sentinel: Sentinel) => void = () => {};
    request.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const stop = await begin();
    await happen(stop);
    const late = await give();
    answer(late);
    await settled();
    expect(late.released).toBe(true);
    expect(held()).toBe(request.mock.calls.length - 1);
  });

  it.each<readonly [string, () => unknown]>([
    ["rejects", () => Promise.reject(new DOMException("Low battery", "NotAllowedError"))],
    [
      "throws",
      () => {
        throw new Error("A script has replaced it");
      },
    ],
    ["answers with nothing", () => undefined],
    ["answers with something else", () => ({})],
  ])("says that it is refused where the browser %s, and asks again when the page comes back", async (_, answer) => {
    request.mockImplementationOnce(answer as never);
    await begin();
    expect(states).toEqual(["refused"]);
    await show("visible");
    expect(states).toEqual(["refused", "held"]);
  });

  it("says that it is refused where it is taken back before it is given", async () => {
    request.mockImplementationOnce(async () => Object.assign(await give(), { released: true }));
    await begin();
    expect(states).toEqual(["refused"]);
  });

  it("says so where there is no wake lock, and does nothing", async () => {
    vi.stubGlobal("navigator", {});
    await begin();
    expect(states).toEqual(["unsupported"]);
  });

  it("goes on when the callback throws, ends it, or is missing", async () => {
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    keep(() => {
      throw new Error("The application's");
    });
    keep(undefined);
    const stop = keep(() => stop());
    stream.go("starting");
    await settled();
    expect(held()).toBe(2);
    expect(reported).toHaveBeenCalledOnce();
  });

  it("refuses what is no stream, and an option that cannot be", () => {
    expect(() => keepAwake(undefined as never)).toThrow("stream must be an AudioStream");
    expect(() => keepAwake(document as never)).toThrow("stream must be an AudioStream");
    expect(() => keepAwake(new EventTarget() as never)).toThrow("stream must be an AudioStream");
    expect(() => keepAwake(stream as never, 5 as never)).toThrow(TypeError);
    expect(() => keepAwake(stream as never, { onChange: "x" as never })).toThrow("onChange must be a function");
  });
});

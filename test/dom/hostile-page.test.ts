import { afterEach, describe, expect, it, vi } from "vitest";
import { encodeClientMessage, encodeServerMessage } from "../../src/protocol/messages.js";
import { runningStream } from "../support/observed-stream.js";

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

/** Another script gives this to every list. */
function spoil(prototype: object, name: string, value: unknown): void {
  Object.defineProperty(prototype, name, { value, configurable: true, enumerable: true, writable: true });
  undo.push(() => Reflect.deleteProperty(prototype, name));
}

describe("messages amid a toJSON of other scripts", () => {
  const data = { accept: ["opus"], nested: [{ list: [1, ["two"]] }] } as never;
  const clean = () => [encodeClientMessage("client.hello", data, { sid: "s" }), encodeServerMessage("x", data)];

  it("of every list, as in Prototype.js, are as without it", () => {
    const expected = clean();
    spoil(Array.prototype, "toJSON", () => "spoiled");
    expect(clean()).toEqual(expected);
  });

  it("leave what an object's own class makes of it", () => {
    const at = new Date(0);
    const expected = encodeServerMessage("x", { at, list: [at] });
    spoil(Array.prototype, "toJSON", () => "spoiled");
    expect(encodeServerMessage("x", { at, list: [at] })).toBe(expected);
  });
});

describe("a page that is written anew by document.open()", () => {
  it("still ends the stream inside its last event", async () => {
    const added: [EventTarget, Parameters<EventTarget["addEventListener"]>][] = [];
    for (const target of [window, document]) {
      const add = target.addEventListener.bind(target) as EventTarget["addEventListener"];
      vi.spyOn(target, "addEventListener").mockImplementation((...args: Parameters<typeof add>) => {
        added.push([target, args]);
        add(...args);
      });
    }
    const { stream, source } = await runningStream();
    // As browsers do it: every listener is gone, and so are the document's nodes.
    for (const [target, args] of added.splice(0)) target.removeEventListener(...args);
    const root = document.documentElement;
    root.remove();
    document.append(root);
    await vi.waitFor(() => expect(added).not.toEqual([]));
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
    expect(source.live).toBe(false);
    expect(stream.state).toBe("closed");
    vi.restoreAllMocks();
    expect(await stream.closed).toMatchObject({ outcome: "aborted" });
  });
});

describe("a page whose promises do not go on after its last event, as in a frame that was removed", () => {
  it("has told how the stream ended inside the event", async () => {
    const { stream } = await runningStream();
    const resolved = vi.fn();
    const { closed } = stream;
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
    void closed.then(resolved);
    await Promise.resolve();
    expect(resolved).toHaveBeenCalledTimes(1);
  });
});

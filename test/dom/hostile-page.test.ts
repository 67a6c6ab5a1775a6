import { afterEach, describe, expect, it, vi } from "vitest";
import { encodeClientMessage, encodeServerMessage } from "../../src/protocol/messages.js";
import { BUILT_IN, HEADSET } from "../support/fake-audio.js";
import { fake, installHeardMicrophone, microphone } from "../support/heard-microphone.js";
import { runningStream } from "../support/observed-stream.js";
import { RewritableDocument } from "../support/rewritable-document.js";

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
    const rewritable = new RewritableDocument();
    const { stream, source } = await runningStream();
    await rewritable.open();
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
    expect(source.live).toBe(false);
    expect(stream.state).toBe("closed");
    vi.restoreAllMocks();
    expect(await stream.closed).toMatchObject({ outcome: "aborted" });
  });
});

describe("a page that is written anew by document.open() while a microphone is open", () => {
  installHeardMicrophone();

  async function openAndRewrite() {
    const rewritable = new RewritableDocument();
    const opened = await microphone.open();
    await microphone.hear();
    await rewritable.open();
    return opened;
  }

  it("still has a context that stays interrupted built anew at a gesture", async () => {
    await openAndRewrite();
    fake.context.setState("interrupted");
    await microphone.pass(600_000);
    document.dispatchEvent(new Event("pointerdown"));
    await microphone.pass(0);
    expect(fake.contexts).toHaveLength(2);
  });

  it("still has a track that stays muted replaced at a gesture", async () => {
    const { heard } = await openAndRewrite();
    fake.devices = [{ ...HEADSET, silent: true, muted: true }, BUILT_IN];
    fake.track.silent = true;
    fake.track.setMuted(true);
    await microphone.hear(2);
    fake.devices = [HEADSET, BUILT_IN];
    document.dispatchEvent(new Event("pointerdown"));
    await microphone.hear();
    expect(heard.changes).toEqual(["renewed: Headset"]);
  });

  it("still takes no permission for withdrawn that has to be asked for again after the back button", async () => {
    fake.setPermission("granted");
    const { heard } = await openAndRewrite();
    await fake.leaveAndReturn();
    await microphone.pass(0);
    expect(heard.ends).toEqual([]);
    expect(heard.changes).toEqual(["device-lost: Headset"]);
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

import { beforeEach, describe, expect, it } from "vitest";
import { watchMicrophones } from "../../src/capture/microphone/microphones.js";
import { BUILT_IN } from "../support/fake-audio.js";
import { fake, installHeardMicrophone, microphone } from "../support/heard-microphone.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

expectNoUnhandledRejections();

installHeardMicrophone();

// Shims, as in web views, answer with a plain object. Listening to it threw: a rejection on the page that nobody handled,
// and the first loss of a device ended the stream with "capture-failed".
describe.each(["granted", "prompt"])("a permission that is %s, and reported by an object without events", (state) => {
  beforeEach(() => {
    fake.define(globalThis.navigator, "permissions", { query: async () => ({ state }) });
  });

  it("leaves a lost device to be replaced like any other", async () => {
    const { capture, heard } = await microphone.open();
    await microphone.hear();
    fake.plug(BUILT_IN);
    await microphone.hear();
    expect(heard.ends).toEqual([]);
    expect(heard.changes).toEqual(["device-lost: Built-in"]);
    expect(capture.track?.readyState).toBe("live");
  });

  it("leaves the list of microphones watched", async () => {
    const ending = new AbortController();
    const counts: number[] = [];
    watchMicrophones((list) => counts.push(list.length), { signal: ending.signal });
    await microphone.pass(0);
    fake.plug(BUILT_IN);
    await microphone.pass(1_000);
    ending.abort();
    expect(counts).toEqual([2, 1]);
  });
});

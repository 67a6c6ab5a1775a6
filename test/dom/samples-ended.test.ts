import { describe, expect, it } from "vitest";
import { samples } from "../../src/capture/samples/samples.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import { FakeTransport } from "../support/fake-transport.js";
import { rejectionOf } from "../support/observed-stream.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

expectNoUnhandledRejections();

/** A stream that was not started, of an input that shows how it is let go. */
function unstarted() {
  const cancelled: unknown[] = [];
  const input = new ReadableStream<Float32Array>({ cancel: (reason) => void cancelled.push(reason) });
  const source = samples(input, { sampleRate: 16_000 });
  return { source, cancelled, stream: new AudioStream({ source, transport: new FakeTransport() }) };
}

describe("the input of a stream that ends before it was started", () => {
  it("is let go with the abort's reason, inside the abort, and `ended` rejects with it", async () => {
    const { source, stream, cancelled } = unstarted();
    stream.abort("changed my mind");
    expect(cancelled).toEqual(["changed my mind"]);
    expect(await rejectionOf(source.ended)).toBe("changed my mind");
  });

  it("is let go by close(), and `ended` rejects with an error that names the state", async () => {
    const { source, stream, cancelled } = unstarted();
    await stream.close();
    expect(cancelled).toHaveLength(1);
    expect(await rejectionOf(source.ended)).toMatchObject({ code: "invalid-state", details: { state: "closed" } });
  });

  it("serves no other stream", async () => {
    const { source, stream } = unstarted();
    await stream.close();
    const other = new AudioStream({ source, transport: new FakeTransport() });
    expect(await rejectionOf(other.start())).toMatchObject({
      code: "capture-failed",
      message: expect.stringContaining("one for each stream"),
    });
  });

  it("may fail at that, which costs the stream nothing", async () => {
    const faulty = {
      [Symbol.iterator](): Iterator<Float32Array> {
        throw new Error("the file is gone");
      },
    };
    const source = samples(faulty, { sampleRate: 16_000 });
    const stream = new AudioStream({ source, transport: new FakeTransport() });
    stream.abort("over");
    expect(await stream.closed).toEqual({ outcome: "aborted", reason: "over" });
    expect(await rejectionOf(source.ended)).toBe("over");
  });
});

import { describe, expect, it } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import { fromWire, toWire, unwired, wired } from "../../src/host/worker/wire-error.js";

const across = (error: unknown): unknown => fromWire(structuredClone(toWire(error)));

describe("an error that crosses between page and worker", () => {
  it("keeps its class, its code, its details and what caused it", () => {
    const cause = new TypeError("no such thing");
    const details = { closeCode: 4403, closeReason: "no" };
    const error = across(new AudioStreamError("rejected-by-server", "Refused.", { details, cause }));
    expect(error).toBeInstanceOf(AudioStreamError);
    expect(error).toMatchObject({ code: "rejected-by-server", message: "Refused.", details, retryable: false });
    expect((error as Error).cause).toMatchObject({ name: "TypeError", message: "no such thing" });
  });

  it("stays an abort", () => {
    expect(across(new DOMException("Ended.", "AbortError"))).toMatchObject({ name: "AbortError", message: "Ended." });
  });

  it.each([
    ["a string"],
    [7],
    [undefined],
    [
      {
        toString: () => {
          throw new Error("hostile");
        },
      },
    ],
  ])("may be anything that can be thrown: %o", (thrown) => {
    expect(across(thrown)).toBeInstanceOf(Error);
  });

  it("crosses to a page that has frozen the prototypes of errors", () => {
    const before = Object.getOwnPropertyDescriptor(Error.prototype, "name") ?? {};
    const failed = new AudioStreamError("connect-failed", "Failed.", {
      details: undefined,
      cause: new TypeError("no"),
    });
    try {
      Object.defineProperty(Error.prototype, "name", { ...before, writable: false });
      expect((across(failed) as Error).cause).toMatchObject({ name: "TypeError", message: "no" });
    } finally {
      Object.defineProperty(Error.prototype, "name", before);
    }
  });

  it("that stands for what the application threw becomes that again, also as a cause", () => {
    const thrown = new Error("mine");
    const stand = fromWire({ ...toWire(thrown), thrown: 3 });
    const failed = new AudioStreamError("connect-failed", "Failed.", { details: undefined, cause: stand });
    const back = fromWire(structuredClone(toWire(failed)), (id) => (id === 3 ? thrown : undefined));
    expect((back as Error).cause).toBe(thrown);
  });
});

it("a message crosses with its error, and without one as it is", () => {
  const event = { type: "warning", error: new AudioStreamError("encoder-failed", "Failed.", { details: undefined }) };
  expect(unwired(structuredClone(wired(event)))).toMatchObject({ type: "warning", error: { code: "encoder-failed" } });
  const plain = { type: "drop", range: { from: 0, to: 1 } };
  expect(wired(plain)).toBe(plain);
});

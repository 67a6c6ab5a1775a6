import { expect, it, vi } from "vitest";
import { wasDiscarded } from "../../src/journal/was-discarded.js";

it.each([
  [true, true],
  [false, false],
  [undefined, false],
  ["true", false],
])("a page whose document says %j was discarded: %j", (said, expected) => {
  vi.stubGlobal("document", { wasDiscarded: said });
  expect(wasDiscarded()).toBe(expected);
});

it("nothing was discarded where there is no document", () => {
  vi.stubGlobal("document", undefined);
  expect(wasDiscarded()).toBe(false);
});

import { expect, it } from "vitest";
import { compareSdks, comparisonTable, plainOf, reactOf, SDKS, shownTable } from "./comparison-table.js";

const comparison = compareSdks();

it("the same application fits the published types of every SDK that it is written with", () => {
  expect(comparison.faults).toEqual([]);
  expect(comparison.counts.size).toBe(14);
});

it("the page about other SDKs shows what was counted", () => {
  expect(shownTable(), "`npm run comparison` renews it.").toBe(comparisonTable(comparison));
});

it.each([
  ["plain JavaScript", plainOf],
  ["React", reactOf],
])("this SDK's application has the fewest lines and the fewest names in %s", (_, fileOf) => {
  const [own, ...others] = SDKS.map(({ name }) => comparison.counts.get(fileOf(name)));
  for (const other of others) {
    expect(own?.lines).toBeLessThan(other?.lines ?? 0);
    expect(own?.concepts.length).toBeLessThan(other?.concepts.length ?? 0);
  }
  expect(own?.concepts).toEqual(expect.arrayContaining(["getToken", "deviceId", "error", "text"]));
});

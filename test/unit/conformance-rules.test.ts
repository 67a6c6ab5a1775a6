import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NOT_TESTABLE } from "../../examples/conformance/not-testable.js";
import { CHECKS, compareNumbers } from "../../examples/conformance/run.js";
import { WATCHES } from "../../examples/conformance/watches.js";
import { FAULTS } from "../support/faulty-backend/faults.js";

const contract = readFileSync(join(import.meta.dirname, "../../src/protocol/PROTOCOL.md"), "utf8");

/** The number of each sentence, after the heading of its section. */
const numbered = Array.from(
  contract.matchAll(/^#{2,3} ([\d.]*\d)|\[((?:\d+\.){1,2}\d+)\]/gm),
  ([, section, sentence]) => ({
    section,
    sentence,
  }),
);
const sentences = numbered.flatMap(({ sentence }) => sentence ?? []);

describe("the numbers in the contract", () => {
  it("count within each section, from 1 and without a hole", () => {
    let [section, last] = ["", 0];
    for (const entry of numbered) {
      if (entry.section !== undefined) [section, last] = [entry.section, 0];
      if (entry.sentence === undefined) continue;
      last += 1;
      expect(entry.sentence).toBe(`${section}.${last}`);
    }
    expect(sentences.length).toBeGreaterThan(100);
  });

  it("are each tested, or named with a reason why they cannot be", () => {
    const tested = [...CHECKS, ...WATCHES].map(({ sentence }) => sentence);
    const named = Object.keys(NOT_TESTABLE);
    expect(named.filter((sentence) => tested.includes(sentence))).toEqual([]);
    expect([...new Set([...tested, ...named])].toSorted(compareNumbers)).toEqual(sentences.toSorted(compareNumbers));
  });

  it("are brought about for what only looks on", () => {
    const checked = CHECKS.map(({ sentence }) => sentence);
    for (const { sentence, of } of WATCHES) {
      expect(of.length, sentence).toBeGreaterThan(0);
      expect(checked, sentence).toEqual(expect.arrayContaining([...of]));
    }
    expect(new Set(checked).size).toBe(checked.length);
  });
});

it("the manual names the broken backends, and what of the contract each breaks", () => {
  const manual = readFileSync(join(import.meta.dirname, "../../docs/own-backend.md"), "utf8");
  const rows = Array.from(manual.matchAll(/^\| (.+?) +\| (\d+\.[\d., ]*?) +\|$/gm), ([, what, breaks]) => [
    what,
    breaks,
  ]);
  const faults = Object.values(FAULTS).map(({ what, breaks }) => [
    what.replace(/^./, (first) => first.toUpperCase()),
    breaks.join(", "),
  ]);
  expect(rows).toEqual(faults);
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DIALECT_SUBJECTS } from "../support/dialects/dialect-subjects.js";
import { simulateDialect } from "./dialects/simulate-dialect.js";

const SEEDS = Number(process.env.LX_DIALECT_SEEDS ?? 3);
const FIRST_SEED = Number(process.env.LX_DIALECT_FIRST_SEED ?? 0);

/** The rows of the table of guarantees: the service, its import, words lost, words twice, times, and from where it is known. */
const GUARANTEES = readFileSync(join(import.meta.dirname, "../../docs/dialects.md"), "utf8")
  .split("\n")
  .filter((line) => line.includes("; simulated, real sockets"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

describe("the table in docs/dialects.md", () => {
  it("names every service that is simulated here, which are all", () => {
    const services = Object.keys(DIALECT_SUBJECTS).map((name) => name.split(",", 1)[0]);
    expect(GUARANTEES.map(([, service]) => service?.replace(" server", ""))).toEqual(
      expect.arrayContaining([...new Set(services)]),
    );
    expect(GUARANTEES).toHaveLength(new Set(services).size);
  });

  it.each(GUARANTEES)("%s%s promises what the simulation demands", (_, service = "", __, lost, twice, times) => {
    expect(lost).toBe("none");
    // Words of the script are not long enough for that.
    expect(["none", "a word whose end is not told"]).toContain(twice);
    const name = service.replace(" server", "");
    const hasTimes = Object.entries(DIALECT_SUBJECTS).flatMap(([subject, make]) =>
      subject.split(",", 1)[0] === name ? [make().hasNoWords !== true] : [],
    );
    const expected = { yes: [true], no: [false], "if it has them": [true, false] }[times ?? ""];
    expect([...new Set(hasTimes)]).toEqual(expected);
  });
});

it("comes to an end though the last sound is no word, and the service says nothing of it", () => {
  // Two streams that end in the middle of a word.
  expect([15, 20].map((seed) => simulateDialect("ElevenLabs", seed, { count: 0 }))).toEqual([[], []]);
});

/** Seeds in which something was wrong once. */
it.each([
  // Words that stood were not final when their audio was let go of, and then the dialect made a mistake.
  ["Soniox", 35],
  // A session came to its limit while it was far behind, and was still getting audio when the service closed it.
  ["AssemblyAI", 82],
  // The last words of one session came while the next one was opening, and their audio was let go of before the stream had them.
  ["WhisperLive", 72],
])("has each word of %s once with seed %i", (name, seed) => {
  expect(simulateDialect(name, seed)).toEqual([]);
});

describe.each(Object.keys(DIALECT_SUBJECTS))("%s", (name) => {
  it.each(Array.from({ length: SEEDS }, (_, n) => FIRST_SEED + n))(
    "has each word once, in order and in its place, in spite of cuts and silence, seed %i",
    (seed) => {
      expect(simulateDialect(name, seed)).toEqual([]);
    },
  );
});

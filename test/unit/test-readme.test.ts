import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const TESTS = join(import.meta.dirname, "..");
const readme = readFileSync(join(TESTS, "README.md"), "utf8");

/** Kinds of resources and ways of ending that each have at least one proof. */
const SECTIONS = [
  "Microphone track, audio context, worklet node, ports",
  "Workers and threads",
  "Tasks: heartbeat, timeouts, reconnection, acknowledgement",
  "Subprocesses",
  "Connections and outbound queues",
  "Files: transcripts and recordings",
  "Queues and buffers",
  "Ownership",
  "Asynchronous disposal and explicit methods",
  "Safety nets",
  "Order of shutdown",
  "Errors in cleanup",
  "Watching",
  "Reports from the field",
  "Faults that trials found",
];

interface Proof {
  readonly section: string;
  readonly guarantee: string;
  readonly file: string;
  readonly test: string;
}

const proofs: Proof[] = readme.split(/^### /m).flatMap((part) => {
  const [section = ""] = part.split("\n", 1);
  const rows = part.matchAll(/^\| (.+?) +\| `([\w/.-]+)` +\| (.+?) +\|$/gm);
  return Array.from(rows, ([, guarantee = "", file = "", test = ""]) => ({ section, guarantee, file, test }));
});

describe("the table of what is let go of", () => {
  it("has a proof for every kind of resource and every way of ending", () => {
    expect([...new Set(proofs.map(({ section }) => section))]).toEqual(SECTIONS);
  });

  it("has a test for every fault that trials found, 51 to 105 and 107 to 109", () => {
    const found = proofs.filter(({ section }) => section === "Faults that trials found");
    const numbers = new Set(found.map(({ guarantee }) => Number.parseInt(guarantee, 10)));
    expect([...numbers]).toEqual([...Array.from({ length: 55 }, (_, index) => 51 + index), 107, 108, 109]);
  });

  it("has no row that says nothing", () => {
    const rows = readme
      .split("\n")
      .filter((line) => /^\| (?!Guarantee|What users suffered|What happened|---)/.test(line));
    expect(rows).toHaveLength(proofs.length);
  });

  it.each(proofs.map((proof) => [`${proof.guarantee}: ${proof.file}`, proof] as const))("%s exists", (_name, proof) => {
    const path = join(TESTS, proof.file);
    expect(existsSync(path), proof.file).toBe(true);
    const titles = ['"', "`"].map((quote) => `(${quote}${proof.test}${quote}`);
    // A long title stands on a line of its own.
    const source = readFileSync(path, "utf8").replaceAll(/\(\s+/g, "(");
    expect(
      titles.some((title) => source.includes(title)),
      proof.test,
    ).toBe(true);
    expect(source).not.toMatch(/\b(?:it|test|describe)\.(?:skip|todo|only)\b/);
  });
});

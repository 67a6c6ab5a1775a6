import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type BenchReport, toMarkdown } from "./report.js";

/** Titles of the sections, in their order, by the names of the benchmarks. */
export const TITLES = {
  latency: "Latency",
  hidden: "Latency of a hidden page",
  firstWords: "First words",
  engines: "A blocked page in three engines",
  cpu: "CPU, garbage and heap",
  heap: "Heap",
  size: "Size",
  teardown: "Teardown",
  resampler: "Resampler",
  gate: "Gate",
  outage: "Outage",
  "outage-dialects": "Outage of a speech service",
  server: "Server",
} as const;

export type BenchName = keyof typeof TITLES;

const RESULTS = fileURLToPath(new URL("RESULTS.md", import.meta.url));
const BIOME = fileURLToPath(new URL("../../node_modules/.bin/biome", import.meta.url));
const INTRODUCTION = `# Results

Written by \`npm run bench -- --write\`. [README.md](README.md) says how each is measured. Times from other machines compare
only as ratios.
`;

/** Puts what was found into RESULTS.md, in place of what was found before; the other sections stay. */
export async function writeResults(found: ReadonlyMap<BenchName, BenchReport>): Promise<void> {
  const sections = sectionsOf(await readFile(RESULTS, "utf8").catch(() => ""));
  for (const [name, report] of found) sections.set(TITLES[name], sectionOf(name, report));
  const all = Object.values(TITLES).flatMap((title) => sections.get(title) ?? []);
  await writeFile(RESULTS, `${[INTRODUCTION, ...all.map((section) => `## ${section.trimEnd()}\n`)].join("\n")}`);
  // As all other files are formatted; its tables become readable by this, too.
  execFileSync(BIOME, ["format", "--write", RESULTS], { stdio: "ignore" });
}

/** Without the mark of a heading. */
export const sectionOf = (name: BenchName, report: BenchReport): string => `${TITLES[name]}\n\n${toMarkdown(report)}\n`;

/** The sections of a results file, by title. */
function sectionsOf(text: string): Map<string, string> {
  const [, ...sections] = text.split(/^## /m);
  return new Map(sections.map((section) => [section.slice(0, section.indexOf("\n")), section]));
}

/**
 * `npm run bench`: all benchmarks, one after the other. `--only size,latency` runs some, and `--write` puts what they found
 * into RESULTS.md in place of what they found before. Other options go to each benchmark: `--only cpu --minutes 1`.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type BenchReport, listOption, toMarkdown } from "./report.js";

const BENCHMARKS: Readonly<Record<string, { readonly title: string; readonly args: readonly string[] }>> = {
  latency: { title: "Latency", args: ["latency/main.ts"] },
  hidden: { title: "Latency of a hidden page", args: ["latency/main.ts", "--hidden-minutes", "10"] },
  engines: { title: "A blocked page in three engines", args: ["engines/main.ts"] },
  cpu: { title: "CPU, garbage and heap", args: ["cpu/main.ts", "--minutes", "10"] },
  size: { title: "Size", args: ["size/main.ts"] },
  teardown: { title: "Teardown", args: ["teardown/main.ts"] },
  resampler: { title: "Resampler", args: ["resampler/main.ts"] },
  outage: { title: "Outage", args: ["outage/main.ts"] },
  server: { title: "Server", args: ["server/main.ts"] },
};
const RESULTS = fileURLToPath(new URL("RESULTS.md", import.meta.url));
const BIOME = fileURLToPath(new URL("../../node_modules/.bin/biome", import.meta.url));
const INTRODUCTION = `# Results

Written by \`npm run bench -- --write\`. [README.md](README.md) says how each is measured. Times from other machines compare
only as ratios.
`;

const passedOn = process.argv.slice(2).filter((option, index, all) => {
  return !["--only", "--write"].includes(option) && all[index - 1] !== "--only";
});

/** Each in a process of its own, where no other has warmed anything up. */
async function run(args: readonly string[]): Promise<BenchReport> {
  const [program = "", ...options] = args;
  const path = fileURLToPath(new URL(program, import.meta.url));
  // The first of two options counts.
  const child = spawn(process.execPath, ["--import", "tsx", path, ...passedOn, ...options, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await once(child, "close");
  try {
    return JSON.parse(output) as BenchReport;
  } catch (cause) {
    throw new Error(`${program} ended with code ${child.exitCode} and without a report.`, { cause });
  }
}

/** The sections of a results file, by title. */
function sectionsOf(text: string): Map<string, string> {
  const [, ...sections] = text.split(/^## /m);
  return new Map(sections.map((section) => [section.slice(0, section.indexOf("\n")), section]));
}

const sections = sectionsOf(await readFile(RESULTS, "utf8").catch(() => ""));
const only = listOption("only", Object.keys(BENCHMARKS));
for (const name of only) {
  const benchmark = BENCHMARKS[name];
  if (benchmark === undefined) {
    throw new Error(`There is no benchmark "${name}", but ${Object.keys(BENCHMARKS).join(", ")}.`);
  }
  const found = await run(benchmark.args);
  const markdown = `${benchmark.title}\n\n${toMarkdown(found)}`;
  console.log(`## ${markdown}`);
  if (found.faults.length > 0) process.exitCode = 1;
  sections.set(benchmark.title, `${markdown}\n`);
}
if (process.argv.includes("--write")) {
  const all = Object.values(BENCHMARKS).flatMap(({ title }) => sections.get(title) ?? []);
  await writeFile(RESULTS, `${[INTRODUCTION, ...all.map((section) => `## ${section.trimEnd()}\n`)].join("\n")}`);
  // As all other files are formatted; its tables become readable by this, too.
  execFileSync(BIOME, ["format", "--write", RESULTS], { stdio: "ignore" });
}

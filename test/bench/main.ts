/**
 * `npm run bench`: all benchmarks, one after the other. `--only size,latency` runs some, and `--write` puts what they found
 * into RESULTS.md in place of what they found before. Other options go to each benchmark: `--only cpu --minutes 1`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type BenchReport, listOption } from "./report.js";
import { type BenchName, sectionOf, TITLES, writeResults } from "./results-file.js";

const PROGRAMS: Readonly<Record<BenchName, readonly string[]>> = {
  latency: ["latency/main.ts"],
  hidden: ["latency/main.ts", "--hidden-minutes", "10"],
  firstWords: ["first-words/main.ts"],
  engines: ["engines/main.ts"],
  cpu: ["cpu/main.ts", "--minutes", "10"],
  heap: ["heap/main.ts"],
  size: ["size/main.ts"],
  teardown: ["teardown/main.ts"],
  resampler: ["resampler/main.ts"],
  gate: ["gate/main.ts"],
  outage: ["outage/main.ts"],
  "outage-dialects": ["outage-dialects/main.ts"],
  server: ["server/main.ts"],
};

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

const isBenchName = (name: string): name is BenchName => name in TITLES;

const results = new Map<BenchName, BenchReport>();
for (const name of listOption("only", Object.keys(TITLES))) {
  if (!isBenchName(name)) throw new Error(`There is no benchmark "${name}", but ${Object.keys(TITLES).join(", ")}.`);
  const found = await run(PROGRAMS[name]);
  console.log(`## ${sectionOf(name, found)}`);
  if (found.faults.length > 0) process.exitCode = 1;
  results.set(name, found);
}
if (process.argv.includes("--write")) await writeResults(results);

import { arch, cpus, loadavg, platform } from "node:os";
import { versionOf } from "../support/find-chromium-programs.js";

/** A number is printed with the digits of its column; `undefined` is what could not be measured. */
export type Cell = string | number | undefined;

export interface Column {
  readonly title: string;
  /** Digits after the point. @defaultValue 0 */
  readonly digits?: number;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** What one benchmark found, as programs read it; {@link toMarkdown} is for people. */
export interface BenchReport {
  /** As in `npm run bench:<name>`. */
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: string;
  /** Processes that ran or wanted to, on the average of the minute before the benchmark began. */
  readonly loadBefore: number;
  /** Of everything that the figures depend on. */
  readonly versions: Readonly<Record<string, string>>;
  readonly tables: readonly Table[];
  /** Whole sentences that belong to the figures of this run. */
  readonly notes: readonly string[];
  /** A sentence for each target that was missed. */
  readonly faults: readonly string[];
}

const [loadBefore = Number.NaN] = loadavg();

/** Adds when and where it was measured. */
export function report(found: Omit<BenchReport, "date" | "machine" | "loadBefore">): BenchReport {
  const { name, versions, ...rest } = found;
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${platform()} ${arch()}`;
  const date = new Date().toISOString().slice(0, 16);
  return { name, date, machine, loadBefore, versions: { Node: process.versions.node, ...versions }, ...rest };
}

/** Of a browser, in digits. */
export async function browserVersion(executablePath: string): Promise<string> {
  return /[\d.]+/.exec((await versionOf(executablePath)) ?? "")?.[0] ?? "unknown";
}

/** Prints a report as the command line asks, and sets the exit code. */
export function tell(found: BenchReport): void {
  console.log(process.argv.includes("--json") ? JSON.stringify(found, undefined, 2) : toMarkdown(found));
  if (found.faults.length > 0) process.exitCode = 1;
}

export function toMarkdown({ date, machine, loadBefore, versions, tables, notes, faults }: BenchReport): string {
  const load = `load average before ${loadBefore.toFixed(1)}`;
  const conditions = [machine, load, ...Object.entries(versions).map(([name, version]) => `${name} ${version}`)];
  const blocks = [`Measured on ${date.replace("T", " ")} UTC. ${conditions.join("; ")}.`];
  for (const table of tables) blocks.push(`### ${table.title}`, tableToMarkdown(table));
  if (notes.length > 0) blocks.push(notes.join(" "));
  if (faults.length > 0) blocks.push(["Targets missed:", ...faults.map((fault) => `- ${fault}`)].join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

function tableToMarkdown({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const print = (cell: Cell, digits: number): string =>
    typeof cell === "number" ? cell.toFixed(digits) : (cell ?? "–");
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(() => "---")),
    ...rows.map((row) => line(row.map((cell, index) => print(cell, columns[index]?.digits ?? 0)))),
  ].join("\n");
}

/** The value below which a share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The value of `--name value`. */
export function numberOption(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return fallback;
  const value = Number(process.argv[at + 1]);
  if (!(value > 0))
    throw new Error(`--${name} must be followed by a number above 0, and is "${process.argv[at + 1]}".`);
  return value;
}

/** The values of `--name a,b`. */
export function listOption(name: string, fallback: readonly string[]): readonly string[] {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? "").split(",").filter((part) => part !== "");
}

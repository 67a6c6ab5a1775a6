import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../package/consumer.js";
import { type Comparison, countComparison } from "./count-comparison.js";

/** An SDK that the same application was written with. */
interface Sdk {
  /** What its files in `comparison` are called. */
  readonly name: string;
  /** Packages that its two applications import. */
  readonly packages: readonly string[];
}

/** This one first. */
export const SDKS: readonly Sdk[] = [
  { name: "loquilex", packages: ["loquilex"] },
  { name: "soniox", packages: ["@soniox/client", "@soniox/react"] },
  { name: "elevenlabs", packages: ["@elevenlabs/client", "@elevenlabs/react"] },
  {
    name: "speechmatics",
    packages: ["@speechmatics/real-time-client", "@speechmatics/browser-audio-input", "and their `-react` packages"],
  },
  { name: "microsoft", packages: ["microsoft-cognitiveservices-speech-sdk"] },
  { name: "deepgram", packages: ["@deepgram/sdk"] },
  { name: "assemblyai", packages: ["assemblyai"] },
];

export const plainOf = (name: string): string => `${name}.js`;
export const reactOf = (name: string): string => `${name}-react.jsx`;

/** Counts all applications. */
export const compareSdks = (): Comparison =>
  countComparison(SDKS.flatMap(({ name }) => [plainOf(name), reactOf(name)]));

const PAGE = join(ROOT, "docs/comparison.md");
const HEAD = ["Packages", "JavaScript: lines", "names", "React: lines", "names"];

/** The table of the page about other SDKs. */
export function comparisonTable({ counts }: Comparison): string {
  const rows = SDKS.map(({ name, packages }) => {
    const figures = [plainOf(name), reactOf(name)].flatMap((file) => {
      const { lines = 0, concepts = [] } = counts.get(file) ?? {};
      return [lines, concepts.length].map(String);
    });
    return [packages.map((part) => (part.includes(" ") ? part : `\`${part}\``)).join(", "), ...figures];
  });
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(HEAD), line(rule), ...rows.map(line)].join("\n");
}

const TABLE = /^\| Packages .*\n(?:\|.*\n)+/m;

/** The table as the page has it. */
export const shownTable = (): string => (TABLE.exec(readFileSync(PAGE, "utf8"))?.[0] ?? "").trim();

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { install } = await import("./install.js");
  await install();
  writeFileSync(PAGE, readFileSync(PAGE, "utf8").replace(TABLE, `${comparisonTable(compareSdks())}\n`));
}

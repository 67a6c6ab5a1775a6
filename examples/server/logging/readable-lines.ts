import type { LogTarget } from "./log.js";

const NAMES: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warning",
  50: "error",
  60: "fatal",
};

/** What is a field of every line, and not of this one. */
const COMMON: ReadonlySet<string> = new Set(["level", "time", "msg"]);

/** For a person at a terminal: passes log lines on as a time, a sentence, and what belongs to it. */
export function readableLines(target: LogTarget): LogTarget {
  return { write: (line) => target.write(readableLine(line)) };
}

/** @param line one JSON object; anything else is left as it is. */
export function readableLine(line: string): string {
  let entry: Readonly<Record<string, unknown>>;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof entry !== "object" || entry === null) return line;
  const time = new Date(Number(entry.time));
  const clock = Number.isNaN(time.getTime()) ? "--:--:--" : time.toTimeString().slice(0, 8);
  const level = NAMES[Number(entry.level)] ?? String(entry.level);
  const details = Object.entries(entry).flatMap(([name, value]) => (COMMON.has(name) ? [] : [describe(name, value)]));
  return `${[clock, level.padEnd(7), printable(String(entry.msg ?? "")), ...details].join(" ").trimEnd()}\n`;
}

function describe(name: string, value: unknown): string {
  const error = name === "err" ? (value as { message?: unknown; stack?: unknown } | null) : undefined;
  if (typeof error?.stack === "string")
    return `\n${error.stack
      .split("\n")
      .map((row) => `  ${printable(row)}`)
      .join("\n")}`;
  return `${printable(name)}=${printable(typeof value === "string" ? value : JSON.stringify(value))}`;
}

/** What a client sent must not move the cursor or change colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");

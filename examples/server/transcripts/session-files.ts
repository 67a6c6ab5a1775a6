import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../error-code.js";
import { parseTemporaryName } from "../recording/files/temporary-path.js";
import { plainWord } from "../recording/recording-name.js";

export type KeptExtension = "txt" | "jsonl" | "wav";

/** The files of one recording. */
export interface RecordingFiles {
  /** When it began, as its name says. */
  readonly startedAt: string;
  /** Whether a server is still writing it, or has left it to be finished by another one. */
  readonly isUnfinished: boolean;
  /** Paths, in their order. */
  readonly paths: Readonly<Record<KeptExtension, readonly string[]>>;
}

interface Entry {
  readonly start: string;
  readonly path: string;
  readonly extension: KeptExtension | "part";
  readonly order: number;
}

/**
 * Finds what is kept of a session, oldest recording first. The id comes from the network: it is only ever compared with
 * the names that are there, and becomes no part of a path.
 */
export async function findSessionFiles(directory: string, sessionId: string): Promise<RecordingFiles[]> {
  const prefix = `${plainWord(sessionId)}-`;
  const names = await readdir(directory).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  const found = names.flatMap((name) => (name.startsWith(prefix) ? readName(directory, prefix, name) : []));
  const byStart = new Map<string, Entry[]>();
  for (const entry of found) byStart.set(entry.start, [...(byStart.get(entry.start) ?? []), entry]);
  return Array.from(byStart)
    .sort(([a], [b]) => compareStarts(a, b))
    .map(([start, entries]) => ({
      startedAt: start,
      isUnfinished: entries.some(({ extension }) => extension === "part"),
      paths: { txt: pathsOf(entries, "txt"), jsonl: pathsOf(entries, "jsonl"), wav: pathsOf(entries, "wav") },
    }));
}

/** Names as {@link reserveRecordingName} and those who write files beside it make them. */
const NAME = /^(\d{8}T\d{6}Z(?:at\d+)?(?:-\d+)?)(?:\.(\d+))?(-recovered-\d+)?\.(txt|jsonl|wav)$/;

function readName(directory: string, prefix: string, name: string): Entry[] {
  const temporary = parseTemporaryName(name);
  if (temporary !== undefined && temporary.extension !== "part") return [];
  const rest = (temporary?.base ?? name).slice(prefix.length);
  const [, start, number, recovered, extension] = NAME.exec(rest) ?? [];
  if (start === undefined) return [];
  const order = Number(number ?? 1) + (recovered === undefined ? 0 : 0.5);
  const kind = temporary === undefined ? (extension as KeptExtension) : "part";
  return [{ start, path: join(directory, name), extension: kind, order }];
}

const pathsOf = (entries: readonly Entry[], wanted: KeptExtension): string[] =>
  entries
    .filter(({ extension }) => extension === wanted)
    .sort((a, b) => a.order - b.order || (a.path < b.path ? -1 : 1))
    .map(({ path }) => path);

/** `…Z-10` is later than `…Z-2`. */
function compareStarts(a: string, b: string): number {
  const [timeA = "", countA = "1"] = a.split("-");
  const [timeB = "", countB = "1"] = b.split("-");
  return timeA === timeB ? Number(countA) - Number(countB) : timeA < timeB ? -1 : 1;
}

import { randomId } from "loquilex/resources";

/**
 * Names this server in the files that it is still writing. It is random, because a process number says nothing to a
 * server in another container or on another machine.
 */
export const OWNER = randomId().slice(0, 16);
let made = 0;

/** A name that no other file has and that says which server owns it: `<path>.<owner>-<count>.<extension>`. */
export function temporaryPath(path: string, extension: TemporaryName["extension"]): string {
  made += 1;
  return `${path}.${OWNER}-${made}.${extension}`;
}

/** What a name made by {@link temporaryPath} says. */
export interface TemporaryName {
  /** The name without the ownership. */
  readonly base: string;
  /** A recording, a file about to replace another one, or the finals of several transcripts. */
  readonly extension: "part" | "tmp" | "journal";
  /** {@link OWNER} of the server that made it. */
  readonly owner: string;
}

/** Reads a file's name; `undefined` if {@link temporaryPath}, also that of version 0.1.0, did not make it. */
export function parseTemporaryName(name: string): TemporaryName | undefined {
  const match = /^(.+)\.((?:\d{1,10}-)?[0-9a-f]{12,16})-\d+\.(part|tmp|journal)$/s.exec(name);
  const [, base, owner, extension] = match ?? [];
  if (base === undefined || owner === undefined || !isExtension(extension)) return undefined;
  return { base, extension, owner };
}

const isExtension = (text: string | undefined): text is TemporaryName["extension"] =>
  text === "part" || text === "tmp" || text === "journal";

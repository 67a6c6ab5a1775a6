import { sentenceOf } from "../../internal/text-of.js";
import type { JournalProblem } from "../journal-messages.js";

/** The place for journals cannot be opened, or not for the time being. */
export class ShelfError extends Error {
  readonly problem: JournalProblem;

  constructor(cause: unknown) {
    super(sentenceOf(cause), { cause });
    this.problem = NAMED.get(nameOf(cause)) ?? "no-storage";
  }
}

/** What browsers say by the name of their errors. */
const NAMED: ReadonlyMap<string, JournalProblem> = new Map([
  ["QuotaExceededError", "storage-full"],
  // The database was made by a later version of this package.
  ["VersionError", "other-version"],
]);

const nameOf = (cause: unknown): string => (cause instanceof DOMException ? cause.name : "");

/** What it comes to that the disk has failed. */
export const problemOf = (cause: unknown): JournalProblem =>
  cause instanceof ShelfError ? cause.problem : (NAMED.get(nameOf(cause)) ?? "storage-failed");

import type { AudioRange } from "../internal/range-set.js";
import type { JournalContent } from "./log/journal-reader.js";
import type { JournalState, JournalSubject } from "./log/journal-state.js";

/** Why audio is not kept, or cannot be recovered. */
export type JournalProblem = "no-storage" | "storage-full" | "storage-failed" | "in-use" | "other-version" | "damaged";

/** One journal that no page holds. */
export interface ListedJournal {
  readonly journal: string;
  /** Why it cannot be read; then the rest is not known. */
  readonly problem: "other-version" | "damaged" | undefined;
  readonly state: JournalState | undefined;
  /** Samples that the server may not have. */
  readonly samples: number;
  /** When it was written last, in milliseconds since 1970. */
  readonly at: number;
}

/** From the page to the journal's worker. */
export type ToJournal =
  /** Begins a journal. */
  | { readonly type: "keep"; readonly journal: string; readonly subject: JournalSubject; readonly maxBytes: number }
  /** Looks what earlier pages have left. */
  | { readonly type: "list" }
  /** Erases a journal that no tab has. */
  | { readonly type: "erase"; readonly journal: string }
  /** Reads a journal, and goes on with it. */
  | { readonly type: "resume"; readonly journal: string }
  /** A running side posts here what it takes, and where it stands. */
  | { readonly type: "port"; readonly port: MessagePort }
  /** The audio belongs to another session from now on. */
  | { readonly type: "rename"; readonly sessionId: string; readonly clientId: string }
  /** Nothing follows. @param erase whether nothing may be left of the journal; otherwise it is left if something in it is not settled. */
  | { readonly type: "end"; readonly erase: boolean };

/** From the journal's worker to the page. */
export type FromJournal =
  /** The code runs. Nothing comes before it. */
  | { readonly type: "ready"; readonly version: string }
  | { readonly type: "listed"; readonly journals: readonly ListedJournal[] }
  | { readonly type: "erased" }
  | { readonly type: "content"; readonly content: JournalContent }
  | { readonly type: "renamed" }
  /** The journal is of no use, or not for the time being. */
  | { readonly type: "problem"; readonly problem: JournalProblem; readonly reason: string }
  /** Everything is written or erased, and all files are let go of. */
  | { readonly type: "gone" };

/** Samples in ranges. */
export const samplesOf = (ranges: readonly AudioRange[]): number =>
  ranges.reduce((sum, { from, to }) => sum + to - from, 0);

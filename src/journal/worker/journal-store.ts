import type { Bytes } from "../../protocol/bytes.js";
import type { StoredSegment } from "../log/journal-reader.js";

/** Where the segments of journals are. All calls for one journal come one after the other, from whoever holds its lock. */
export interface JournalStore {
  /** Names of the journals that are there. */
  names(): Promise<readonly string[]>;
  /** Adds bytes at the end of a segment, which is made if it is not there. @param sync whether they have to survive a loss of power. */
  append(journal: string, segment: number, bytes: Bytes, sync: boolean): Promise<void>;
  /** What the segment holds survives a loss of power from now on. */
  sync(journal: string, segment: number): Promise<void>;
  /** One that is not there is as good as removed. */
  remove(journal: string, segment: number): Promise<void>;
  read(journal: string): Promise<readonly StoredSegment[]>;
  /** Removes the journal with all its segments. */
  erase(journal: string): Promise<void>;
  /** Lets go of all files. */
  close(): void;
}

/** The keys of journals, each gone for good with its journal. */
export interface JournalKeys<Key = unknown> {
  names(): Promise<readonly string[]>;
  add(journal: string, key: Key): Promise<void>;
  get(journal: string): Promise<Key | undefined>;
  erase(journal: string): Promise<void>;
}

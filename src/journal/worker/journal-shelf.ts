import { lockSession } from "../../host/lock/session-lock.js";
import { deferred } from "../../internal/deferred.js";
import type { Scope } from "../../internal/scope.js";
import { within } from "../../internal/within.js";
import { type ListedJournal, samplesOf } from "../journal-messages.js";
import { type ReadJournal, readJournal } from "../log/journal-reader.js";
import type { Sealing } from "../log/sealing.js";
import type { JournalKeys, JournalStore } from "./journal-store.js";

/** What tabs take turns with under this name, so that none takes for in use what another one only looks at. No journal has it. */
const TURN = "";
/** How long a tab waits for its turn, in milliseconds: one that is frozen while it has it must not stop the others. */
const TURN_TIMEOUT_MS = 5_000;
/** How soon it asks again, in milliseconds. */
const TURN_POLL_MS = 20;
/** How long a browser may take to say whether another tab holds a journal, in milliseconds. */
const LOCK_TIMEOUT_MS = 2_000;

/** Where journals are, and what they are encrypted with. */
export interface Shelf<Key = unknown> {
  readonly store: JournalStore;
  readonly keys: JournalKeys<Key>;
  makeKey(): Promise<Key>;
  sealing(key: Key): Sealing;
  /** Whether this tab has the journal now, until the scope ends; `false` if another one has it. */
  lock(journal: string, scope: Scope): Promise<boolean>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** A lock of the browser's: it ends with the tab, whatever becomes of that. A browser without locks lets everybody in. */
export async function lockJournal(journal: string, scope: Scope): Promise<boolean> {
  const locked = lockSession({ sessionId: `journal:${journal}`, takeover: false, scope, onStolen() {} });
  return within(scope, LOCK_TIMEOUT_MS, locked, false);
}

/** A journal as it is on the shelf, and what opens it. */
export type FoundJournal =
  | { readonly found: Exclude<ReadJournal, { readonly kind: "nothing" }>; readonly sealing: Sealing }
  /** It has bytes that nothing can be made of. */
  | { readonly found: { readonly kind: "damaged" } }
  | undefined;

/** Reads a journal that this tab has locked. @returns `undefined` if there is nothing, or nothing that could ever be read. */
export async function findJournal<Key>(
  { store, keys, sealing: sealingOf }: Shelf<Key>,
  journal: string,
): Promise<FoundJournal> {
  const key = await keys.get(journal);
  if (key === undefined) return undefined;
  const sealing = sealingOf(key);
  const segments = await store.read(journal);
  const found = await readJournal(segments, (body, record) => sealing.open(body, record));
  if (found.kind !== "nothing") return { found, sealing };
  return segments.some(({ bytes }) => bytes.byteLength > 0) ? { found: { kind: "damaged" } } : undefined;
}

/** The key goes first, so that nothing can be read any more, whatever becomes of the rest. */
export async function eraseJournal({ store, keys }: Shelf, journal: string): Promise<void> {
  await keys.erase(journal);
  await store.erase(journal);
}

/** Does something while no other tab looks what is left. */
async function inTurn<T>(shelf: Shelf, scope: Scope, work: () => Promise<T>): Promise<T> {
  const own = scope.child("turn");
  try {
    for (let ms = 0; ms < TURN_TIMEOUT_MS && !(await shelf.lock(TURN, own)); ms += TURN_POLL_MS) {
      await within(own, TURN_POLL_MS, deferred().promise, undefined);
    }
    return await work();
  } finally {
    await own.dispose();
  }
}

/** Takes a journal until the scope ends. @returns `false` if another tab has it. */
export const lockLeft = (shelf: Shelf, journal: string, scope: Scope): Promise<boolean> =>
  inTurn(shelf, scope, () => shelf.lock(journal, scope));

/** What no tab holds. What is empty or too old is erased on the way. */
export const listJournals = <Key>(shelf: Shelf<Key>, scope: Scope): Promise<ListedJournal[]> =>
  inTurn(shelf, scope, () => lookThrough(shelf, scope));

async function lookThrough<Key>(shelf: Shelf<Key>, scope: Scope): Promise<ListedJournal[]> {
  const names = new Set([...(await shelf.keys.names()), ...(await shelf.store.names())]);
  const listed: ListedJournal[] = [];
  for (const journal of names) {
    const own = scope.child(journal);
    try {
      if (!(await shelf.lock(journal, own))) continue;
      const left = describe(journal, await findJournal(shelf, journal), shelf.now());
      if (left === undefined) await eraseJournal(shelf, journal);
      else listed.push(left);
    } finally {
      await own.dispose();
    }
  }
  return listed;
}

function describe(journal: string, left: FoundJournal, now: number): ListedJournal | undefined {
  if (left === undefined) return undefined;
  const { found } = left;
  if (found.kind !== "content") return { journal, problem: found.kind, state: undefined, samples: 0, at: 0 };
  const { state, frames, at } = found.content;
  if (now - at > state.maxAgeMs) return undefined;
  const ranges = frames.map(({ position, sampleCount }) => ({
    from: Math.max(position, state.settled),
    to: position + sampleCount,
  }));
  return { journal, problem: undefined, state, samples: samplesOf(ranges), at };
}

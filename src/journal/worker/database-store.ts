import type { Bytes } from "../../protocol/bytes.js";
import type { Database } from "./database.js";
import type { JournalStore } from "./journal-store.js";

/** Journal, segment, and number of the piece in its segment. */
type PieceKey = [journal: string, segment: number, piece: number];

const LAST = Number.MAX_SAFE_INTEGER;
const allOf = (journal: string, from = 0, to = LAST): IDBKeyRange =>
  IDBKeyRange.bound([journal, from, 0], [journal, to, LAST]);

/** Keeps segments in the database, piece by piece, where a page has no files of its own. */
export function databaseStore(database: Database): JournalStore {
  const pieces = new Map<string, number>();
  return {
    async names() {
      const keys = await database.run("pieces", "readonly", (store) => store.getAllKeys());
      return [...new Set((keys as PieceKey[]).map(([journal]) => journal))];
    },
    async append(journal, segment, bytes) {
      const place = `${journal}/${segment}`;
      const piece = (pieces.get(place) ?? 0) + 1;
      pieces.set(place, piece);
      await database.run("pieces", "readwrite", (store) => store.put(bytes, [journal, segment, piece]));
    },
    // What a transaction has written is on the disk.
    sync: async () => {},
    remove: (journal, segment) =>
      database.run<undefined>("pieces", "readwrite", (store) => store.delete(allOf(journal, segment, segment))),
    async read(journal) {
      const keys = (await database.run("pieces", "readonly", (store) =>
        store.getAllKeys(allOf(journal)),
      )) as PieceKey[];
      const values = await database.run<Bytes[]>("pieces", "readonly", (store) => store.getAll(allOf(journal)));
      const segments = new Map<number, Bytes[]>();
      for (const [index, [, segment]] of keys.entries()) {
        const parts = segments.get(segment) ?? [];
        segments.set(segment, parts);
        const part = values[index];
        if (part !== undefined) parts.push(part);
      }
      return Promise.all(
        Array.from(segments, async ([number, parts]) => ({
          number,
          bytes: new Uint8Array(await new Blob(parts).arrayBuffer()),
        })),
      );
    },
    erase: (journal) => database.run<undefined>("pieces", "readwrite", (store) => store.delete(allOf(journal))),
    close: () => database.close(),
  };
}

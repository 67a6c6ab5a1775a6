import { aesSealing, makeKey } from "./aes-sealing.js";
import { openDatabase } from "./database.js";
import { databaseKeys } from "./database-keys.js";
import { databaseStore } from "./database-store.js";
import { openFileStore } from "./file-store.js";
import { JournalDesk, type JournalThread } from "./journal-desk.js";
import { lockJournal, type Shelf } from "./journal-shelf.js";

/** Keys are in the database in any case. Segments are files where a worker can write such in place. */
async function openShelf(): Promise<Shelf<CryptoKey>> {
  const database = await openDatabase();
  return {
    store: (await openFileStore()) ?? databaseStore(database),
    keys: databaseKeys(database),
    makeKey,
    sealing: aesSealing,
    lock: lockJournal,
    now: () => performance.timeOrigin + performance.now(),
  };
}

new JournalDesk(globalThis as unknown as JournalThread, openShelf);

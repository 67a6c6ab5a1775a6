import type { Database } from "./database.js";
import type { JournalKeys } from "./journal-store.js";

/** Keys in the database, which keeps them without anybody being able to read them out. */
export const databaseKeys = (database: Database): JournalKeys<CryptoKey> => ({
  names: async () => (await database.run("keys", "readonly", (store) => store.getAllKeys())).map(String),
  add: async (journal, key) => void (await database.run("keys", "readwrite", (store) => store.put(key, journal))),
  get: (journal) => database.run<CryptoKey | undefined>("keys", "readonly", (store) => store.get(journal)),
  erase: (journal) => database.run<undefined>("keys", "readwrite", (store) => store.delete(journal)),
});

/** The database of all journals of an origin: their keys, and where there are no files their segments as well. */
export interface Database {
  /** Runs requests of one transaction, and resolves with the first one's result once all are done, on the disk if `strict`. */
  run<T>(store: StoreName, mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T>;
  close(): void;
}

export type StoreName = "keys" | "pieces";

const NAME = "loquilex-journal";

/** @throws DOMException where a page may keep nothing, such as in some private windows. */
export function openDatabase(): Promise<Database> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("keys" satisfies StoreName);
      request.result.createObjectStore("pieces" satisfies StoreName);
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const { result: database } = request;
      // Another tab has a later version of this package, and must not have to wait.
      database.onversionchange = () => database.close();
      resolve({ run: (store, mode, ask) => run(database, store, mode, ask), close: () => database.close() });
    };
  });
}

function run<T>(
  database: IDBDatabase,
  name: StoreName,
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, mode, { durability: mode === "readwrite" ? "strict" : "default" });
    const request = ask(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error ?? request.error);
    transaction.onabort = () => reject(transaction.error ?? request.error);
  });
}

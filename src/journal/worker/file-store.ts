import type { Bytes } from "../../protocol/bytes.js";
import type { StoredSegment } from "../log/journal-reader.js";
import type { JournalStore } from "./journal-store.js";

/** As far as a worker has it; the types that TypeScript brings for pages leave it out. */
interface SyncAccessHandle {
  write(bytes: Bytes, options: { readonly at: number }): number;
  flush(): void;
  getSize(): number;
  close(): void;
}

interface SyncFile extends FileSystemFileHandle {
  createSyncAccessHandle?(): Promise<SyncAccessHandle>;
}

interface OpenSegment {
  readonly name: string;
  readonly handle: SyncAccessHandle;
  size: number;
}

const FOLDER = "loquilex-journal";

/** Keeps segments as files of the origin's private file system: `loquilex-journal/JOURNAL/SEGMENT`. */
export class FileStore implements JournalStore {
  readonly #root: FileSystemDirectoryHandle;
  /** The segment that is written to. */
  #open: OpenSegment | undefined;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  async names(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const [name] of this.#root.entries()) names.push(name);
    return names;
  }

  async append(journal: string, segment: number, bytes: Bytes, sync: boolean): Promise<void> {
    const open = await this.#openFor(journal, segment);
    const written = open.handle.write(bytes, { at: open.size });
    open.size += written;
    if (written < bytes.byteLength) throw new DOMException("The disk took only a part.", "QuotaExceededError");
    if (sync) open.handle.flush();
  }

  async sync(journal: string, segment: number): Promise<void> {
    (await this.#openFor(journal, segment)).handle.flush();
  }

  async remove(journal: string, segment: number): Promise<void> {
    if (this.#open?.name === nameOf(journal, segment)) this.close();
    const folder = await this.#root.getDirectoryHandle(journal, { create: true });
    await folder.removeEntry(String(segment)).catch(unlessMissing);
  }

  async read(journal: string): Promise<readonly StoredSegment[]> {
    const folder = await this.#root.getDirectoryHandle(journal, { create: true });
    const segments: StoredSegment[] = [];
    for await (const [name, entry] of folder.entries()) {
      if (entry.kind !== "file" || !/^\d{1,10}$/.test(name)) continue;
      const file = await (entry as FileSystemFileHandle).getFile();
      segments.push({ number: Number(name), bytes: new Uint8Array(await file.arrayBuffer()) });
    }
    return segments;
  }

  async erase(journal: string): Promise<void> {
    this.close();
    await this.#root.removeEntry(journal, { recursive: true }).catch(unlessMissing);
  }

  close(): void {
    this.#open?.handle.close();
    this.#open = undefined;
  }

  async #openFor(journal: string, segment: number): Promise<OpenSegment> {
    const name = nameOf(journal, segment);
    if (this.#open?.name === name) return this.#open;
    this.close();
    const folder = await this.#root.getDirectoryHandle(journal, { create: true });
    const file: SyncFile = await folder.getFileHandle(String(segment), { create: true });
    const handle = await file.createSyncAccessHandle?.();
    if (handle === undefined) throw new DOMException("Files cannot be written in place.", "NotSupportedError");
    this.#open = { name, handle, size: handle.getSize() };
    return this.#open;
  }
}

/** @returns `undefined` where there are no such files, or none that can be written in place. */
export async function openFileStore(): Promise<FileStore | undefined> {
  if (typeof navigator.storage?.getDirectory !== "function") return undefined;
  const { FileSystemFileHandle: Handle } = globalThis;
  if (typeof Handle !== "function" || !("createSyncAccessHandle" in Handle.prototype)) return undefined;
  const root = await navigator.storage.getDirectory().catch(unlessForbidden);
  if (root === undefined) return undefined;
  return new FileStore(await root.getDirectoryHandle(FOLDER, { create: true }));
}

const nameOf = (journal: string, segment: number): string => `${journal}/${segment}`;

/** Firefox's private windows have no such files, though they have a database, which is gone with the last of them. */
function unlessForbidden(error: unknown): undefined {
  if (!(error instanceof DOMException) || error.name !== "SecurityError") throw error;
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof DOMException) || error.name !== "NotFoundError") throw error;
}

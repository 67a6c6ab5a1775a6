import { open } from "node:fs/promises";

/** A sync that goes on, and the one after it if somebody waits for that. */
interface Turn {
  readonly current: Promise<void>;
  next: Promise<void> | undefined;
}

/** By folder. */
const turns = new Map<string, Turn>();

/**
 * Makes renames in the folder durable, where the system can: Windows cannot open a folder, and needs no such thing. Those who
 * come while the folder is being synced share the next sync. A server that ends many recordings at once would wait for the
 * disk once for each of their files otherwise.
 */
export function syncDirectory(path: string): Promise<void> {
  const turn = turns.get(path);
  if (turn === undefined) return begin(path);
  const next = (): Promise<void> => begin(path);
  // One that has begun may not see what was renamed since.
  turn.next ??= turn.current.then(next, next);
  return turn.next;
}

function begin(path: string): Promise<void> {
  const turn: Turn = { current: sync(path), next: undefined };
  turns.set(path, turn);
  const end = (): void => {
    if (turn.next === undefined) turns.delete(path);
  };
  turn.current.then(end, end);
  return turn.current;
}

async function sync(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } catch (error) {
    // Some network and user-space file systems have no such operation.
    if (!(error instanceof Error && "code" in error && (error.code === "EINVAL" || error.code === "ENOTSUP")))
      throw error;
  } finally {
    await directory.close();
  }
}

import { readFile, stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { deferred, type Scope } from "loquilex/resources";

/** Longest path that every system takes for a socket in a folder. */
const MAX_PATH_BYTES = 100;

/**
 * Listens at a path for as long as this process lives. The system drops the listener with the process, however it ends,
 * so that a successor on the same system need not wait to know. Does nothing where that is not possible.
 */
export async function openLifeline(path: string, scope: Scope): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return;
  const server = createServer((socket) => socket.destroy());
  const settled = deferred<void>();
  server.once("error", settled.resolve);
  server.listen(path, settled.resolve);
  server.unref();
  await settled.promise;
  if (server.listening) scope.defer("lifeline", () => server.close());
}

/** Resolves with `true` only if the system itself says that nobody listens at the path any more. */
export async function isCut(path: string): Promise<boolean> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return false;
  const answer = deferred<boolean>();
  const socket = connect({ path });
  socket.once("connect", () => answer.resolve(false));
  socket.once("error", (error) => answer.resolve("code" in error && error.code === "ECONNREFUSED"));
  const cut = await answer.promise;
  socket.destroy();
  return cut;
}

/**
 * Names the running system and the mounted file system of a folder. A lifeline says something only to those who share
 * both: from another machine, or through another mount, a live one looks cut. `undefined` where the system has no name.
 */
export async function reachOf(directory: string): Promise<string | undefined> {
  try {
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    return boot === "" ? undefined : `${boot}/${(await stat(directory)).dev}`;
  } catch {
    return undefined;
  }
}

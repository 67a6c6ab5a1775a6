import { type ConnectOpts, Socket, type SocketConstructorOpts } from "node:net";
import type { Duplex } from "node:stream";
import type { ReadHandle, ReadingTurn } from "./reading-turn.js";

/**
 * All sockets read into this, one after the other. It has room for what gathers in a socket while the server is seconds behind:
 * the end of a full memory would cut a message in two, which is then for the WebSocket.
 */
const memory = Buffer.allocUnsafeSlow(2 ** 20);

/** What Node.js reads from. Its method is not called by its name, which linters take for a hook of React. */
interface Handle extends ReadHandle {
  readonly useUserBuffer: (this: Handle, buffer: Uint8Array) => void;
}

/**
 * Where a socket keeps what `new Socket({ onread })` was given. Node.js has that option for the sockets of clients only, and
 * not for those that a server accepts. `undefined` if it is kept in another way.
 */
const keys = findKeys();

function findKeys(): { readonly buffer: symbol; readonly callback: symbol } | undefined {
  const takeBytes = (): boolean => true;
  const options: SocketConstructorOpts & ConnectOpts = { onread: { buffer: memory, callback: takeBytes } };
  const sample = new Socket(options);
  const keyOf = (value: unknown): symbol | undefined =>
    Object.getOwnPropertySymbols(sample).find((key) => Reflect.get(sample, key) === value);
  const [buffer, callback] = [keyOf(memory), keyOf(takeBytes)];
  sample.destroy();
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}

/**
 * Makes a socket read into memory that is used again and again. Otherwise Node.js makes 64 KiB of new memory for each
 * read, cuts off what is left, wraps it twice and has it collected, which costs more than all that is done with a frame.
 * @param onBytes gets what has come, in memory that is good until the call returns. "data" is not emitted any more.
 * @param turn may interrupt the reading.
 * @returns whether it does; if not, "data" goes on.
 */
export function readInPlace(stream: Duplex, onBytes: (chunk: Buffer) => void, turn: ReadingTurn): boolean {
  if (keys === undefined || !(stream instanceof Socket) || stream.readableLength > 0) return false;
  const handle: unknown = Reflect.get(stream, "_handle");
  if (!isHandle(handle)) return false;
  Reflect.set(stream, keys.buffer, memory);
  Reflect.set(stream, keys.callback, (bytes: number): boolean => {
    onBytes(memory.subarray(0, bytes));
    turn.read(handle);
    return true;
  });
  const { useUserBuffer: readInto } = handle;
  readInto.call(handle, memory);
  turn.join(handle);
  stream.once("close", () => turn.leave(handle));
  return true;
}

const isHandle = (handle: unknown): handle is Handle =>
  typeof handle === "object" &&
  handle !== null &&
  "useUserBuffer" in handle &&
  "readStop" in handle &&
  "readStart" in handle;

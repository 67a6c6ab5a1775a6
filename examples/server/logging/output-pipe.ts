import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { type Clock, deferred } from "loquilex/resources";
import { codeOf } from "../error-code.js";

const MAX_WAITING_BYTES = 1_048_576;
/** How often a pipe that was full is tried again. */
const RETRY_MS = 50;
const CHUNK_BYTES = 65_536;

export interface OutputPipeOptions {
  readonly fd: 1 | 2;
  readonly clock: Clock;
  /** The line that stands for so many lines which were dropped. */
  notice(dropped: number): string;
}

/**
 * Standard output or standard error for a process that must never wait for whoever reads it. Lines are written at once
 * if there is room. Otherwise a bounded number of bytes waits, further lines are dropped, and their number is written as
 * soon as there is room again.
 */
export class OutputPipe {
  readonly #options: OutputPipeOptions;
  readonly #target: Target;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #broken = false;
  #cancelRetry: (() => void) | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(options: OutputPipeOptions) {
    this.#options = options;
    this.#target = openWithoutBlocking(options.fd);
  }

  /** @param text one or more whole lines. */
  write(text: string): void {
    if (this.#broken) return;
    if (this.#dropped > 0) this.#pushNotice();
    if (!this.#push(text)) this.#dropped += 1;
    this.#work();
  }

  /** Writes what there is room for now. */
  flush(): void {
    if (this.#dropped > 0) this.#pushNotice();
    this.#work();
  }

  /** Resolves when everything is written, or after the limit. Lines may still be written afterwards. */
  async close(limitMs: number): Promise<void> {
    this.flush();
    if (this.#waitingBytes === 0) return;
    const done = deferred<void>();
    this.#whenEmpty = done.resolve;
    const cancel = this.#options.clock.schedule(limitMs, done.resolve);
    await done.promise;
    cancel();
    this.#cancelRetry?.();
  }

  #push(text: string): boolean {
    const bytes = Buffer.from(text);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.byteLength > MAX_WAITING_BYTES) return false;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.byteLength;
    return true;
  }

  #pushNotice(): void {
    if (this.#push(this.#options.notice(this.#dropped))) this.#dropped = 0;
  }

  #work(): void {
    while (this.#waitingBytes > 0 && !this.#broken) {
      const chunk = this.#nextChunk();
      try {
        this.#target.unblock();
        this.#written(writeSync(this.#target.fd, chunk));
      } catch (error) {
        const code = codeOf(error);
        if (code === "EAGAIN") {
          this.#retryLater();
          return;
        }
        this.#giveUp(chunk, code);
      }
    }
    if (this.#waitingBytes === 0) this.#whenEmpty?.();
  }

  /** What waits, in pieces of a moderate size. */
  #nextChunk(): Buffer {
    const [first = Buffer.alloc(0)] = this.#waiting;
    if (this.#waiting.length === 1 || first.byteLength >= CHUNK_BYTES) return first;
    let bytes = 0;
    const count = this.#waiting.findIndex((line) => {
      bytes += line.byteLength;
      return bytes > CHUNK_BYTES;
    });
    const lines = this.#waiting.splice(0, count === -1 ? this.#waiting.length : Math.max(1, count));
    const chunk = Buffer.concat(lines);
    this.#waiting.unshift(chunk);
    return chunk;
  }

  #written(bytes: number): void {
    this.#waitingBytes -= bytes;
    const [first] = this.#waiting;
    if (first === undefined) return;
    if (bytes === first.byteLength) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(bytes);
  }

  /** The reader is gone for good, or this piece cannot be written, as on a full disk. */
  #giveUp(chunk: Buffer, code: string): void {
    this.#broken = code === "EPIPE" || code === "EBADF";
    this.#dropped += chunk.toString().split("\n").length - 1;
    this.#written(chunk.byteLength);
    if (!this.#broken) return;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #retryLater(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.schedule(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.flush();
    });
  }
}

/** Where to write, and what has to be done before each write so that it does not block. */
interface Target {
  readonly fd: number;
  unblock(): void;
}

/**
 * Node's own streams for 1 and 2 wait until a pipe has room, and a write in the thread pool that waits would keep the
 * process from ending. So the same pipe or terminal is opened once more without blocking, which leaves its other users
 * alone. A socket, such as a service manager gives, cannot be opened: there Node's own stream is asked not to block, and
 * asked again each time, because every child process that inherits the socket makes it block. Node puts it back at the end.
 */
function openWithoutBlocking(fd: 1 | 2): Target {
  const nothing = (): void => {};
  if (fstatSync(fd).isFile()) return { fd, unblock: nothing };
  try {
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return { fd: openSync(`/proc/self/fd/${fd}`, flags), unblock: nothing };
  } catch {
    const stream: object = fd === 1 ? process.stdout : process.stderr;
    return { fd, unblock: () => (stream as NodeStream)._handle?.setBlocking?.(false) };
  }
}

/** What Node's streams have beneath them, which its types do not say. */
interface NodeStream {
  readonly _handle?: { setBlocking?(blocking: boolean): void };
}

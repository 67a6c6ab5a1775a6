import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { AppendedFile, DiskWriter } from "../disk/disk-writer.js";
import { StorageError } from "./storage-error.js";
import { syncDirectory } from "./sync-directory.js";
import { temporaryPath } from "./temporary-path.js";
import {
  bytesPerFrame,
  encodeWavHeader,
  silenceByte,
  UNKNOWN_SIZE,
  type WavFormat,
  wavHeaderBytes,
  wavPaddingBytes,
} from "./wav-header.js";

/** How much silence is written at once where it is not the zeros that a file is lengthened with. */
const SILENCE_BYTES = 2 ** 20;

export interface WavFileOptions {
  /** Where the recording ends up, without `.wav`. Nothing may be there yet. */
  readonly stem: string;
  readonly format: WavFormat;
  readonly writer: DiskWriter;
  /**
   * Bytes of samples after which another file begins. WAV sizes have 32 bits, and many programs read them as signed.
   * @defaultValue 2 GiB less 1 MiB: 18 hours of 16 kHz mono
   */
  readonly maxDataBytes?: number | undefined;
  /** Something could not be written: resolves when to try again, or with `false`. @defaultValue nothing is tried again */
  readonly mayTryAgain?: ((error: StorageError) => Promise<boolean>) | undefined;
}

/**
 * A recording that is whole at every moment. While it goes on, its samples are in a `.part` file which says whose it is;
 * {@link finalize} writes the sizes, makes it durable and gives it its name. What a dead server left is finished by
 * {@link recoverRecordings}. A recording too long for one WAV goes on in `<stem>.2.wav` and so on. Its one
 * handle is closed by {@link finalize}. Calls must not overlap; every error is a {@link StorageError}.
 */
export class WavFile {
  readonly #stem: string;
  readonly #format: WavFormat;
  readonly #writer: DiskWriter;
  readonly #maxDataBytes: number;
  readonly #mayTryAgain: WavFileOptions["mayTryAgain"];
  readonly #finished: string[] = [];
  /** The file being written; `undefined` until it has samples. */
  #part: { readonly path: string; readonly file: AppendedFile } | undefined;
  #dataBytes = 0;
  /** Silence to come before whatever is appended next. */
  #pendingBytes = 0;

  constructor(options: WavFileOptions) {
    this.#stem = options.stem;
    this.#format = options.format;
    this.#writer = options.writer;
    this.#mayTryAgain = options.mayTryAgain;
    const frameBytes = bytesPerFrame(options.format);
    const most = options.maxDataBytes ?? 2 ** 31 - 2 ** 20;
    if (!(most >= frameBytes && most < UNKNOWN_SIZE - 2 * wavHeaderBytes(options.format))) {
      throw new RangeError(`maxDataBytes must be from ${frameBytes} to below 4 GiB, and is ${most}.`);
    }
    this.#maxDataBytes = Math.floor(most / frameBytes) * frameBytes;
  }

  /**
   * Appends samples about which there is nothing to decide, without a promise: nearly always, since a file has a beginning,
   * an end and gaps much more seldom than samples.
   * @param onDone called once, with what was wrong if anything was; none of the bytes are counted then, and {@link append}
   * may try the same again.
   * @returns whether it does so. If not, nothing has happened, and {@link append} has to be called.
   */
  appendPlain(bytes: Uint8Array, onDone: (error: StorageError | undefined) => void): boolean {
    const part = this.#part;
    if (part === undefined || this.#dataBytes === 0 || !this.#isPlain(bytes)) return false;
    part.file.append(wavHeaderBytes(this.#format) + this.#dataBytes, bytes, (error) => {
      if (error === undefined) this.#dataBytes += bytes.byteLength;
      onDone(error === undefined ? undefined : new StorageError("The recording", part.path, error));
    });
    return true;
  }

  /** Appends whole samples. When it throws, none of these bytes are counted as part of the recording. */
  append(bytes: Uint8Array): Promise<void> {
    return this.#isPlain(bytes) ? this.#write(bytes) : this.#appendWithCare(bytes);
  }

  /** Whether the bytes are whole samples that join on and have room in the file. */
  #isPlain({ byteLength }: Uint8Array): boolean {
    const dataBytes = this.#dataBytes + byteLength;
    const isWhole = dataBytes % bytesPerFrame(this.#format) === 0;
    return isWhole && dataBytes <= this.#maxDataBytes && byteLength > 0 && this.#pendingBytes === 0;
  }

  async #appendWithCare(bytes: Uint8Array): Promise<void> {
    const frameBytes = bytesPerFrame(this.#format);
    if (bytes.byteLength % frameBytes !== 0) {
      throw new RangeError(
        `append() takes whole samples of ${frameBytes} bytes, and was given ${bytes.byteLength} bytes.`,
      );
    }
    if (this.#pendingBytes > 0) await this.#placeSilence();
    let rest = bytes;
    while (rest.byteLength > 0) {
      if (this.#dataBytes === this.#maxDataBytes) await this.#finish();
      const now = rest.subarray(0, this.#maxDataBytes - this.#dataBytes);
      await this.#write(now);
      rest = rest.subarray(now.byteLength);
    }
  }

  /**
   * The next `samples` do not exist: silence holds their place. It takes no room on disks that know sparse files, but for
   * µ-law, whose silence is not 0.
   */
  skip(samples: number): void {
    this.#pendingBytes += samples * bytesPerFrame(this.#format);
  }

  /** Ends the recording. @returns the paths of its files, none when nothing was recorded. */
  async finalize(): Promise<readonly string[]> {
    if (this.#part !== undefined) {
      await this.#placeSilence();
      await this.#finish();
    }
    return this.#finished;
  }

  async #placeSilence(): Promise<void> {
    const silence = silenceByte(this.#format);
    while (this.#pendingBytes > 0) {
      if (this.#dataBytes === this.#maxDataBytes) await this.#finish();
      if (this.#part === undefined) await this.#write(new Uint8Array(0));
      const room = Math.min(this.#pendingBytes, this.#maxDataBytes - this.#dataBytes);
      const now = silence === 0 ? room : Math.min(room, SILENCE_BYTES);
      if (silence === 0) this.#dataBytes += now;
      else await this.#write(new Uint8Array(now).fill(silence));
      this.#pendingBytes -= now;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#part ??= this.#openPart();
    const { path, file } = this.#part;
    const headerBytes = wavHeaderBytes(this.#format);
    for (;;) {
      try {
        if (this.#dataBytes > 0) await file.write(headerBytes + this.#dataBytes, [bytes]);
        else await file.write(0, [encodeWavHeader(this.#format, UNKNOWN_SIZE), bytes]);
        break;
      } catch (error) {
        const failure = new StorageError("The recording", path, error);
        // At the same place, so that what was written of it is not there twice.
        if ((await this.#mayTryAgain?.(failure)) !== true) throw failure;
      }
    }
    this.#dataBytes += bytes.byteLength;
  }

  #openPart(): { readonly path: string; readonly file: AppendedFile } {
    const path = temporaryPath(`${this.#stem}${this.#suffix()}.wav`, "part");
    return { path, file: this.#writer.open(path) };
  }

  async #finish(): Promise<void> {
    const part = this.#part;
    if (part === undefined) return;
    const path = `${this.#stem}${this.#suffix()}.wav`;
    await part.file.close();
    if (this.#dataBytes === 0) {
      // Its first samples could not be written.
      this.#part = undefined;
      await rm(part.path, { force: true }).catch(() => {});
      return;
    }
    await completeWav(part.path, path, this.#format, this.#dataBytes).catch((error: unknown) => {
      throw new StorageError("The recording", path, error);
    });
    this.#finished.push(path);
    this.#part = undefined;
    this.#dataBytes = 0;
  }

  #suffix(): string {
    return this.#finished.length === 0 ? "" : `.${this.#finished.length + 1}`;
  }
}

/** Gives the provisional file its size, makes it durable and renames it. */
export async function completeWav(part: string, path: string, format: WavFormat, dataBytes: number): Promise<void> {
  // Somebody who can write to the folder may have put a link there: what that leads to is not this server's to cut.
  const file = await open(part, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    // Cuts off what a failed write left, and lengthens a recording that ends in silence.
    await file.truncate(wavHeaderBytes(format) + dataBytes + wavPaddingBytes(dataBytes));
    await writeAll(file, encodeWavHeader(format, dataBytes), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  await syncDirectory(dirname(path));
}

/** A write may take only some of the bytes, which happens if the disk is about to be full. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, written, bytes.byteLength - written, position + written);
    written += bytesWritten;
  }
}

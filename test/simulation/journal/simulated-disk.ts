import type { StoredSegment } from "../../../src/journal/log/journal-reader.js";
import type { JournalKeys, JournalStore } from "../../../src/journal/worker/journal-store.js";
import type { Bytes } from "../../../src/protocol/bytes.js";
import type { ManualClock } from "../../support/manual-clock.js";
import type { Rng } from "../rng.js";

/** How a run ends: a process is killed, the power fails, or it fails and the disk had not kept what it said it had. */
export type Crash = "kill" | "power" | "lying-disk";

interface File {
  bytes: Bytes;
  /** How much of it survives a loss of power. */
  durable: number;
  isRemoved: boolean;
}

function joined(first: Bytes, second: Bytes): Bytes {
  const bytes = new Uint8Array(first.byteLength + second.byteLength);
  bytes.set(first);
  bytes.set(second, first.byteLength);
  return bytes;
}

/** Files that a crash tears, and keys, on virtual time. */
export class SimulatedDisk implements JournalStore {
  readonly #clock: ManualClock;
  readonly #rng: Rng;
  readonly #maxDelayMs: number;
  readonly #files = new Map<string, File>();
  readonly #keyNames = new Set<string>();
  /** Whether there is no room for anything. */
  isFull = false;
  /** Nothing of what a dead process had begun goes on. */
  #generation = 0;

  constructor(clock: ManualClock, rng: Rng, maxDelayMs: number) {
    this.#clock = clock;
    this.#rng = rng;
    this.#maxDelayMs = maxDelayMs;
  }

  readonly keys: JournalKeys<string> = {
    names: async () => [...this.#keyNames],
    add: async (journal) => void this.#keyNames.add(journal),
    get: async (journal) => (this.#keyNames.has(journal) ? journal : undefined),
    erase: async (journal) => void this.#keyNames.delete(journal),
  };

  async names(): Promise<readonly string[]> {
    return [...new Set(Array.from(this.#present(), ([name]) => name.split("/")[0] ?? ""))];
  }

  async append(journal: string, segment: number, bytes: Bytes, sync: boolean): Promise<void> {
    const name = `${journal}/${segment}`;
    const file = this.#files.get(name) ?? { bytes: new Uint8Array(), durable: 0, isRemoved: false };
    this.#files.set(name, file);
    // What is on its way when the process dies is there in part.
    const first = this.#rng.whole(0, bytes.byteLength);
    file.bytes = joined(file.bytes, bytes.slice(0, first));
    const generation = this.#generation;
    await this.#delay();
    if (generation !== this.#generation) return new Promise(() => {});
    if (this.isFull) throw new DOMException("No room.", "QuotaExceededError");
    file.bytes = joined(file.bytes, bytes.slice(first));
    if (sync) file.durable = file.bytes.byteLength;
  }

  async sync(journal: string, segment: number): Promise<void> {
    const file = this.#files.get(`${journal}/${segment}`);
    await this.#delay();
    if (this.isFull) throw new DOMException("No room.", "QuotaExceededError");
    if (file !== undefined) file.durable = file.bytes.byteLength;
  }

  async remove(journal: string, segment: number): Promise<void> {
    const file = this.#files.get(`${journal}/${segment}`);
    if (file !== undefined) file.isRemoved = true;
  }

  async read(journal: string): Promise<readonly StoredSegment[]> {
    return Array.from(this.#present())
      .filter(([name]) => name.startsWith(`${journal}/`))
      .map(([name, { bytes }]) => ({ number: Number(name.split("/")[1]), bytes }));
  }

  async erase(journal: string): Promise<void> {
    for (const [name, file] of this.#files) if (name.startsWith(`${journal}/`)) file.isRemoved = true;
  }

  close(): void {}

  /** Puts a file there that another program has written. */
  plant(name: string, bytes: Bytes): void {
    this.#files.set(name, { bytes, durable: bytes.byteLength, isRemoved: false });
  }

  crash(kind: Crash): void {
    this.#generation += 1;
    this.isFull = false;
    for (const [name, file] of this.#files) {
      if (kind !== "kill") {
        const durable = kind === "power" ? file.durable : this.#rng.whole(0, file.durable);
        file.bytes = file.bytes.slice(0, this.#rng.whole(durable, file.bytes.byteLength));
        // That a file is gone need not have reached the disk either.
        if (file.isRemoved && this.#rng.chance(0.5)) file.isRemoved = false;
      }
      file.durable = file.bytes.byteLength;
      if (file.isRemoved) this.#files.delete(name);
    }
  }

  #present(): [string, File][] {
    return [...this.#files].filter(([, { isRemoved }]) => !isRemoved);
  }

  #delay(): Promise<void> {
    const ms = this.#rng.between(0, this.#maxDelayMs);
    return new Promise((resolve) => this.#clock.schedule(ms, resolve));
  }
}

import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, type Registration, randomId, type Scope } from "loquilex/resources";
import { childEnvironment } from "../../processes/child-environment.js";
import { ChildProcess } from "../../processes/child-process.js";
import { StorageError } from "../../recording/files/storage-error.js";
import { syncDirectory } from "../../recording/files/sync-directory.js";
import { temporaryPath } from "../../recording/files/temporary-path.js";
import type { DownloadLine, DownloadOrder } from "./download-messages.js";
import type { CatalogModel } from "./model-catalog.js";

const LOADER = fileURLToPath(new URL("../../processes/run-typescript.mjs", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./download-program.ts", import.meta.url));
/** A download that brings nothing for so long has failed. */
const STALL_MS = 60_000;

export type DownloadState = "running" | "paused" | "completed" | "failed" | "cancelled";

/** What is told about a download. */
export interface DownloadView {
  readonly id: string;
  readonly name: string;
  readonly state: DownloadState;
  readonly receivedBytes: number;
  /** `undefined` until it is known. */
  readonly totalBytes: number | undefined;
  /** Why it failed. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

export interface ModelDownloadOptions {
  readonly model: CatalogModel;
  readonly maxBytes: number;
  /** Hosts that redirects may lead to, though they are private. */
  readonly hosts: readonly string[];
  /** An existing folder. */
  readonly directory: string;
  readonly clock: Clock;
  /** Its own; ended when the download is over. */
  readonly scope: Scope;
  /** The state or the progress changed. */
  onChange(view: DownloadView): void;
}

/**
 * One download, in a process of its own that writes a file of another name. Only a file that is whole, verified and
 * durable gets the model's name; whatever else happens, nothing is left.
 */
export class ModelDownload {
  readonly id = randomId();
  readonly #options: ModelDownloadOptions;
  readonly #partial: string;
  readonly #process: ChildProcess;
  #state: DownloadState = "running";
  #receivedBytes = 0;
  #totalBytes: number | undefined;
  #error: DownloadView["error"];
  #done = false;
  #stall: Registration | undefined;
  /** The end of it, once it has begun. */
  #ending: Promise<void> | undefined;

  constructor(options: ModelDownloadOptions) {
    const { model, maxBytes, hosts, directory, clock, scope } = options;
    const { url, sha256, bytes } = model;
    this.#options = options;
    this.#totalBytes = model.bytes;
    this.#partial = temporaryPath(join(directory, model.name), "tmp");
    scope.defer(`partial file of ${model.name}`, () => rm(this.#partial, { force: true }));
    this.#process = new ChildProcess({
      command: process.execPath,
      args: [LOADER, PROGRAM],
      env: childEnvironment(),
      clock,
      scope,
      onLine: (line) => this.#take(line),
      onExit: () => this.#finish("failed"),
    });
    const order: DownloadOrder = { url, path: this.#partial, sha256, bytes, maxBytes, hosts };
    void this.#process.write(Buffer.from(`${JSON.stringify(order)}\n`));
    this.#watch();
  }

  get view(): DownloadView {
    return {
      id: this.id,
      name: this.#options.model.name,
      state: this.#state,
      receivedBytes: this.#receivedBytes,
      totalBytes: this.#totalBytes,
      error: this.#error,
    };
  }

  get over(): boolean {
    return this.#ending !== undefined;
  }

  /** Stands still until {@link resume}, and keeps what there is. */
  pause(): void {
    if (this.#state !== "running" || this.over) return;
    this.#process.pause();
    this.#change("paused");
  }

  resume(): void {
    if (this.#state !== "paused" || this.over) return;
    this.#process.resume();
    this.#change("running");
  }

  /** Ends it, unless it has ended: the process and all it started are gone afterwards, and so is the partial file. */
  async cancel(): Promise<void> {
    this.#finish("cancelled");
    await this.#ending;
  }

  #take(line: string): void {
    if (this.over) return;
    const message = JSON.parse(line) as DownloadLine;
    if (message.type === "failed") {
      this.#error = { code: message.code, message: message.message };
      return;
    }
    this.#receivedBytes = message.receivedBytes;
    if (message.type === "progress") this.#totalBytes = message.totalBytes;
    this.#done = message.type === "done";
    if (this.#done) this.#finish("completed");
    else this.#change(this.#state);
  }

  #finish(state: "completed" | "failed" | "cancelled"): void {
    this.#ending ??= this.#end(state);
  }

  async #end(state: "completed" | "failed" | "cancelled"): Promise<void> {
    const { model, directory, scope } = this.#options;
    this.#stall?.dispose();
    await this.#process.dispose();
    let reached: DownloadState = state;
    if (state === "completed") {
      const path = join(directory, model.name);
      try {
        await rename(this.#partial, path);
        await syncDirectory(dirname(path));
      } catch (error) {
        this.#error = { code: "not_written", message: new StorageError("The model", path, error).message };
        reached = "failed";
      }
    }
    if (reached === "failed") {
      this.#error ??= { code: "crashed", message: "The download's process ended without a word; try again." };
    }
    // Removes what is left of the partial file.
    await scope.dispose();
    this.#change(reached);
  }

  #change(state: DownloadState): void {
    this.#state = state;
    if (!this.over) this.#watch();
    this.#options.onChange(this.view);
  }

  #watch(): void {
    this.#stall?.dispose();
    if (this.#state !== "running") return;
    this.#stall = this.#options.scope.timeout(STALL_MS, () => {
      this.#error = { code: "stalled", message: `Nothing came for ${STALL_MS / 1_000} s; try again later.` };
      this.#finish("failed");
    });
  }
}

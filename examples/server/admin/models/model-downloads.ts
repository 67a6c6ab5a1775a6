import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Scope } from "loquilex/resources";
import type { Log } from "../../logging/log.js";
import { SharedFolder } from "../../recording/folder/shared-folder.js";
import { ApiError } from "../api/api-error.js";
import type { ModelCatalog } from "./model-catalog.js";
import { type DownloadView, ModelDownload } from "./model-download.js";

const MAX_AT_ONCE = 2;
/** Downloads that are over and can still be asked about. */
const MAX_REMEMBERED = 20;
const RETRY_AFTER_SEC = 30;

export interface ModelDownloadsOptions {
  readonly catalog: ModelCatalog;
  /** The most that one model may have. */
  readonly maxBytes: number;
  /** Made when it is first needed. */
  readonly directory: string;
  readonly logger: Log;
  readonly clock: Clock;
  readonly scope: Scope;
}

/** Fetches models of the catalogue into one folder, a few at once, each once. */
export class ModelDownloads {
  readonly #options: ModelDownloadsOptions;
  /** Oldest first. */
  readonly #downloads = new Map<string, ModelDownload>();
  readonly #watchers = new Map<string, Set<(view: DownloadView) => void>>();
  /** Names on their way to a download. */
  readonly #starting = new Set<string>();
  #folder: Promise<SharedFolder> | undefined;
  #closed = false;

  constructor(options: ModelDownloadsOptions) {
    this.#options = options;
  }

  /**
   * Takes the folder, and removes what dead servers left there. The first download does so by itself; a folder that is
   * there already is taken when the server starts. @throws the file system's error; the next call tries again.
   */
  async openFolder(): Promise<void> {
    const { directory, logger, scope } = this.#options;
    this.#folder ??= SharedFolder.open({ directory, logger, scope: scope.child("folder") });
    await this.#folder.catch((error: unknown) => {
      this.#folder = undefined;
      throw error;
    });
  }

  /** @throws ApiError */
  async start(name: string): Promise<DownloadView> {
    const { catalog, maxBytes, directory, clock, scope, logger } = this.#options;
    const model = catalog.get(name);
    if (model === undefined) throw new ApiError(404, "unknown_model", "The catalogue has no model of this name.");
    const live = Array.from(this.#downloads.values()).filter((download) => !download.over);
    if (this.#starting.has(name) || live.some((download) => download.view.name === name)) {
      throw new ApiError(409, "already_downloading", "This model is being downloaded.");
    }
    if (live.length + this.#starting.size >= MAX_AT_ONCE) {
      throw new ApiError(
        429,
        "too_many_downloads",
        `${MAX_AT_ONCE} downloads go on already; wait for one.`,
        RETRY_AFTER_SEC,
      );
    }
    this.#starting.add(name);
    try {
      await this.openFolder();
      if (await exists(join(directory, name)))
        throw new ApiError(409, "already_present", "This model is there already.");
      if (this.#closed) throw new ApiError(503, "stopping", "The server is going down.", RETRY_AFTER_SEC);
      const download = new ModelDownload({
        ...{ model, maxBytes, directory },
        hosts: Array.from(catalog.values(), ({ url }) => new URL(url).host),
        clock,
        scope: scope.child(`download of ${name}`),
        onChange: (view) => this.#tell(view),
      });
      this.#downloads.set(download.id, download);
      this.#forgetOld();
      logger.info({ model: name, download: download.id }, "A download began.");
      return download.view;
    } finally {
      this.#starting.delete(name);
    }
  }

  list(): DownloadView[] {
    return Array.from(this.#downloads.values(), ({ view }) => view);
  }

  /** @throws ApiError */
  get(id: string): ModelDownload {
    const download = this.#downloads.get(id);
    if (download === undefined) throw new ApiError(404, "unknown_download", "There is no download of this id.");
    return download;
  }

  /** Calls back at each change until it returns. @returns what ends that. */
  watch(id: string, onChange: (view: DownloadView) => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(onChange));
    return () => {
      watchers.delete(onChange);
      if (watchers.size === 0) this.#watchers.delete(id);
    };
  }

  /** Cancels what goes on, and starts nothing more. Never rejects. Idempotent. */
  async shutdown(): Promise<void> {
    this.#closed = true;
    await Promise.all(Array.from(this.#downloads.values(), (download) => download.cancel()));
    await this.#options.scope.dispose();
  }

  #tell(view: DownloadView): void {
    if (view.state === "completed" || view.state === "failed" || view.state === "cancelled") {
      const fields = { model: view.name, download: view.id, state: view.state, reason: view.error?.code };
      this.#options.logger.info(fields, "A download is over.");
    }
    for (const watcher of Array.from(this.#watchers.get(view.id) ?? [])) watcher(view);
  }

  #forgetOld(): void {
    const over = Array.from(this.#downloads.values()).filter((download) => download.over);
    for (const download of over.slice(0, Math.max(0, over.length - MAX_REMEMBERED)))
      this.#downloads.delete(download.id);
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

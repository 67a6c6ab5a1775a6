import { stat } from "node:fs/promises";
import type { Server } from "node:tls";
import type { Scope } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import { readTlsIdentity, type TlsFiles, type TlsIdentity } from "./tls-identity.js";

/** How often the files are looked at. */
const LOOK_MS = 10_000;

export interface TlsRenewalOptions {
  readonly server: Pick<Server, "setSecureContext">;
  readonly files: TlsFiles;
  readonly logger: Log;
  readonly scope: Scope;
}

/**
 * Gives a server the certificate and the key that have taken the place of those it began with, without ending a connection.
 * The files are checked at intervals, because change notifications do not work for every mounted folder. Files that cannot be
 * used, such as a new certificate whose key has not been written yet, are ignored.
 */
export class TlsRenewal {
  readonly #options: TlsRenewalOptions;
  #seen = "";
  #looking: Promise<void> | undefined;

  constructor(options: TlsRenewalOptions) {
    this.#options = options;
    void this.#remember().then(() => this.#lookLater());
  }

  /** Looks at once, whether the files have changed or not. Never rejects. */
  renew(): Promise<void> {
    this.#looking ??= this.#renew().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #renew(): Promise<void> {
    const { server, files, logger } = this.#options;
    await this.#remember();
    try {
      const identity = await readTlsIdentity(files);
      server.setSecureContext(identity);
      logger.info({ expiresAt: identity.expiresAt.toISOString() }, "The TLS certificate was read again.");
      warnOfExpiry(identity, logger);
    } catch (error) {
      logger.error({ err: error }, "The TLS certificate could not be read again; the one before stays.");
    }
  }

  #lookLater(): void {
    this.#options.scope.timeout(LOOK_MS, () => void this.#look(), "look at the TLS certificate");
  }

  async #look(): Promise<void> {
    const before = this.#seen;
    await this.#remember();
    if (this.#seen !== before && this.#seen !== "") await this.renew();
    this.#lookLater();
  }

  async #remember(): Promise<void> {
    const { certificate, key } = this.#options.files;
    const marks = await Promise.all([certificate, key].map((path) => stat(path))).catch(() => []);
    this.#seen = marks.map(({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`).join();
  }
}

/** Clients refuse it then, which looks to them like a server that is not there. */
export function warnOfExpiry({ expiresAt }: TlsIdentity, logger: Log): void {
  const fields = { expiresAt: expiresAt.toISOString() };
  if (expiresAt.getTime() < Date.now()) logger.warn(fields, "The TLS certificate has expired; clients refuse it.");
}

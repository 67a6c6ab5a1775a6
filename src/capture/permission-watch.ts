import { withSignal } from "../internal/abort.js";
import { deferred } from "../internal/deferred.js";
import type { Scope } from "../internal/scope.js";
import { microphonePermission } from "./permission.js";

/** How long a browser may take to say what the permission is. */
const QUERY_TIMEOUT_MS = 1_000;

/**
 * Tells whether the microphone's permission, which was given, has been withdrawn: as far as the browser says, since some
 * do not, and some say `"prompt"` all along.
 */
export class PermissionWatch {
  readonly #scope: Scope;
  readonly #atFirst: Promise<PermissionState | undefined>;

  /**
   * To be made while the microphone is in use; watches until the scope ends.
   * @param onDenied the person, or the browser's settings, say no from now on.
   */
  constructor(scope: Scope, onDenied: () => void) {
    this.#scope = scope;
    this.#atFirst = this.#begin(onDenied);
  }

  /**
   * Asked when a track has ended. A permission that was `"granted"` and is not any more was withdrawn; one that had to be
   * asked for each time may only be known to be refused.
   */
  async isWithdrawn(): Promise<boolean> {
    const [before, now] = await Promise.all([this.#atFirst, this.#query()]);
    if (before === undefined || now === undefined || before === "denied") return false;
    return now.state === "denied" || (before === "granted" && now.state !== "granted");
  }

  async #begin(onDenied: () => void): Promise<PermissionState | undefined> {
    const status = await this.#query();
    // One that says so while the microphone is in use does not know.
    if (status === undefined || status.state === "denied") return status?.state;
    const { state } = status;
    this.#scope.listen(status, "change", () => {
      if (status.state === "denied") onDenied();
    });
    return state;
  }

  async #query(): Promise<PermissionStatus | undefined> {
    const none = deferred<undefined>();
    const timer = this.#scope.timeout(QUERY_TIMEOUT_MS, () => none.resolve(undefined), "permission query");
    try {
      return await withSignal(Promise.race([microphonePermission(), none.promise]), this.#scope.signal);
    } catch {
      // The scope has ended: nobody asks any more.
      return undefined;
    } finally {
      timer.dispose();
    }
  }
}

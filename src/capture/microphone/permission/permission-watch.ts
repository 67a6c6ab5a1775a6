import type { Scope } from "../../../internal/scope.js";
import { onPermissionChange, permissionWithin } from "./permission.js";

/**
 * Watches whether the microphone's permission, which was given, is withdrawn. Some browsers do not report that, and some
 * say `"prompt"` all along.
 */
export class PermissionWatch {
  readonly #scope: Scope;
  readonly #atFirst: Promise<PermissionState | undefined>;

  /**
   * To be made while the microphone is in use; watches until the scope ends.
   * @param onChange the person, or the browser's settings, decided anew.
   */
  constructor(scope: Scope, onChange: (state: PermissionState) => void) {
    this.#scope = scope;
    this.#atFirst = this.#begin(onChange);
  }

  /**
   * To be called when a track has ended. A permission that was `"granted"` and is not any more was withdrawn; one that had
   * to be asked for each time counts as withdrawn only if the browser says that it is refused.
   */
  async isWithdrawn(): Promise<boolean> {
    const [before, now] = await Promise.all([this.#atFirst, permissionWithin(this.#scope)]);
    if (before === undefined || now === undefined || before === "denied") return false;
    return now.state === "denied" || (before === "granted" && now.state !== "granted");
  }

  async #begin(onChange: (state: PermissionState) => void): Promise<PermissionState | undefined> {
    const status = await permissionWithin(this.#scope);
    // A browser that says so while the microphone is in use does not know.
    if (status === undefined || status.state === "denied") return status?.state;
    const { state } = status;
    onPermissionChange(this.#scope, status, onChange);
    return state;
  }
}

import { onPage } from "../../../internal/on-page.js";
import type { Scope } from "../../../internal/scope.js";
import { onPermissionChange, permissionWithin } from "./permission.js";

/**
 * Watches whether the microphone's permission, which was given, is withdrawn. Some browsers do not report that, and some
 * say `"prompt"` all along.
 */
export class PermissionWatch {
  readonly #scope: Scope;
  /** What the browser said while the track was in use that was captured last. */
  #before!: Promise<PermissionState | undefined>;

  /**
   * To be made while the microphone is in use; watches until the scope ends.
   * @param onChange the person, or the browser's settings, decided anew.
   */
  constructor(scope: Scope, onChange: (state: PermissionState) => void) {
    this.#scope = scope;
    const status = this.renew();
    void status.then((given) => {
      // A browser that says so while the microphone is in use does not know.
      if (given !== undefined && given.state !== "denied") onPermissionChange(scope, given, onChange);
    });
    // WebKit ends the tracks of a page that it keeps for the back button, and asks again when the page comes back.
    onPage(scope, (page) => {
      page.listen(window, "pagehide", () => {
        this.#before = Promise.resolve("prompt");
      });
    });
  }

  /** To be called when another track is in use. */
  renew(): Promise<PermissionStatus | undefined> {
    const status = permissionWithin(this.#scope);
    this.#before = status.then((given) => given?.state);
    return status;
  }

  /**
   * To be called when a track has ended. A permission that was `"granted"` and is not any more was withdrawn; one that had
   * to be asked for each time counts as withdrawn only if the browser says that it is refused.
   */
  async isWithdrawn(): Promise<boolean> {
    const [before, now] = await Promise.all([this.#before, permissionWithin(this.#scope)]);
    if (before === undefined || now === undefined || before === "denied") return false;
    return now.state === "denied" || (before === "granted" && now.state !== "granted");
  }
}

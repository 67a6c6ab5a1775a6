import { readFile } from "node:fs/promises";
import { codeOf } from "../../error-code.js";
import { leasePath, lifelinePath } from "./folder-lease.js";
import { isCut, reachOf } from "./lifeline.js";

/**
 * What is known of another server: `"dead"`: its system says so; `"silent"`: it has not shown itself for so long that its
 * files may be taken, but it may be asleep and go on later; `"unsure"`: it is alive, or has not been watched long enough.
 */
export type Verdict = "dead" | "silent" | "unsure";

/** How often in a row a lease must be found unchanged before its server counts as silent. */
export const SILENT_READINGS = 15;

interface Reading {
  /** `undefined` for a lease that is not there. */
  readonly text: string | undefined;
  /** How often in a row it has been found so, after the first time. */
  readonly unchanged: number;
}

/**
 * Judges other servers by whether their leases change while this one looks. Readings are counted, not measured: while the
 * disk hangs or this server sleeps there are none, and nobody is declared dead for that.
 */
export class LeaseWatch {
  readonly #directory: string;
  readonly #readings = new Map<string, Reading>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Servers that were looked at and not forgotten. */
  get watched(): readonly string[] {
    return [...this.#readings.keys()];
  }

  /** Reads one lease. Calls for the same server must lie a beat apart. Never rejects. */
  async look(owner: string): Promise<Verdict> {
    let text: string | undefined;
    try {
      text = await readFile(leasePath(this.#directory, owner), "utf8");
    } catch (error) {
      // A disk that does not answer says nothing about the server.
      if (codeOf(error) !== "ENOENT") return "unsure";
    }
    const before = this.#readings.get(owner);
    const unchanged = before !== undefined && before.text === text ? before.unchanged + 1 : 0;
    this.#readings.set(owner, { text, unchanged });
    if (text !== undefined && (await this.#isKnownDead(owner, text))) return "dead";
    return unchanged >= SILENT_READINGS ? "silent" : "unsure";
  }

  forget(owner: string): void {
    this.#readings.delete(owner);
  }

  async #isKnownDead(owner: string, text: string): Promise<boolean> {
    const [, reach] = /^\d+ (\S+)\n$/.exec(text) ?? [];
    if (reach === undefined || reach !== (await reachOf(this.#directory))) return false;
    return isCut(lifelinePath(this.#directory, owner));
  }
}

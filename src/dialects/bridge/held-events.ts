import type { DialectEvent } from "../dialect.js";
import type { RemoteLeg } from "./remote-leg.js";

/** Events of one session that are kept. */
const MAX_HELD = 20_000;

/** What sessions of a service say before their turn comes, since an earlier one has not come to its end. */
export class HeldEvents {
  readonly #held = new Map<RemoteLeg, DialectEvent[]>();

  hold(leg: RemoteLeg, event: DialectEvent): void {
    const held = this.#held.get(leg) ?? [];
    this.#held.set(leg, held);
    if (held.push(event) > MAX_HELD)
      leg.failed({ kind: "temporary", detail: "The service said more than can be kept before its turn came." });
  }

  /** Returns what this session has said, which is not kept any more. */
  take(leg: RemoteLeg): readonly DialectEvent[] {
    const held = this.#held.get(leg) ?? [];
    this.#held.delete(leg);
    return held;
  }

  clear(): void {
    this.#held.clear();
  }
}

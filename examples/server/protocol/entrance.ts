import type { Claim } from "./claim.js";
import { type HeldSession, judgeOpening, type Refusal } from "./opening-judge.js";
import type { Opening } from "./protocol-io.js";

/** Where an opening leads. */
export type Entrance =
  | { readonly type: "refused"; readonly refusal: Refusal }
  /** To the session that is here, which the client knows or not. */
  | { readonly type: "here"; readonly knows: boolean }
  /** To one that begins here, or goes on here after another node; what is here under that name is over. */
  | { readonly type: "begin"; readonly knows: boolean; readonly supersedes: "another client" | "its own client" };

/** @param claim what was decided with other nodes. Without it, what is here decides. */
export function findEntrance(opening: Opening, held: HeldSession | undefined, claim: Claim | undefined): Entrance {
  const judgement = claim ?? (held === undefined ? { verdict: "new" as const } : judgeOpening(opening, held));
  switch (judgement.verdict) {
    case "refused":
      return { type: "refused", refusal: judgement.refusal };
    case "attached": {
      const isTaken = claim?.taken !== undefined;
      if (held !== undefined && !isTaken) return { type: "here", knows: judgement.knows };
      // A session that has ended here since the claim is as good as new.
      return { type: "begin", knows: isTaken && judgement.knows, supersedes: "its own client" };
    }
    case "superseded":
      return { type: "begin", knows: false, supersedes: judgement.by };
    case "new":
      return { type: "begin", knows: false, supersedes: "its own client" };
  }
}

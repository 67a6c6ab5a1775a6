import { type Mutant, mutantsOf, under } from "./mutant.js";

const restored = mutantsOf("src/host/worker/restored.ts");
const session = mutantsOf("src/session/session.ts");
const figures = mutantsOf("src/session/session-figures.ts");
const sender = mutantsOf("src/session/audio/audio-sender.ts");
const reporter = mutantsOf("src/session/audio/loss-reporter.ts");
const connector = mutantsOf("src/session/connection/connector.ts");
const inbound = mutantsOf("src/session/inbound.ts");
const ledger = mutantsOf("src/session/messages/message-ledger.ts");

const FRAGILE = under("fragile");
const CRAMPED = under("fragile", "cramped");

/** Sessions that go on for one whose worker has died, and do not know what that knew. */
export const DEATH_MUTANTS: readonly Mutant[] = [
  session(
    "What was captured while a worker hung is lost without a word.",
    "this.#sender.inherit(input.position);",
    "this.#sender.inherit(0);",
    FRAGILE,
  ),
  figures(
    "What a worker had lost and not announced is never announced.",
    "losses: losses.pending,",
    "losses: [],",
    CRAMPED,
  ),
  figures(
    "What a worker had announced as lost is announced again.",
    "absent: sender.absent.slice(-MAX_ABSENCES),",
    "absent: [],",
    FRAGILE,
  ),
  reporter(
    "The page learns of a loss only when it is over.",
    'if (this.#gather(now)) this.#emit({ type: "losing" });',
    "this.#gather(now);",
    under("fragile", "cramped", "leaky"),
  ),
  sender(
    "All that a worker had captured counts as delivered.",
    "this.#capturedTo = stats.settledPosition;",
    "this.#capturedTo = stats.capturedPosition;",
    FRAGILE,
  ),
  sender(
    "A session that goes on believes no server that has got what the earlier one sent.",
    "this.#sentTo = to;",
    "",
    FRAGILE,
  ),
  sender(
    "A session that goes on says its end after audio that nobody has any more.",
    "? this.#wirePosition : undefined;",
    "? this.#buffer.next : undefined;",
    FRAGILE,
  ),
  sender(
    "What a server has acknowledged is forgotten with the worker.",
    "this.#everAcknowledged = stats.acknowledgedPosition;",
    "",
    under("fragile", "forgetful"),
  ),
  inbound("The secret dies with the worker.", "this.#resumeToken = parts.options.restored?.resumeToken;", "", FRAGILE),
  restored(
    "Connections are counted on from the last that the page knows of.",
    "checkpoint.connections + UNTOLD_CONNECTIONS",
    "checkpoint.connections",
    FRAGILE,
  ),
  connector("Connections are counted anew by each worker.", "options.restored?.connections ?? 0", "0", FRAGILE),
  ledger(
    "What came in a replay that the worker did not live to finish is delivered again.",
    "for (const seq of ahead) this.#ahead.add(seq);",
    "",
    FRAGILE,
  ),
];

import { type Mutant, mutantsOf, under } from "./mutant.js";

const connector = mutantsOf("src/session/connection/connector.ts");
const inbound = mutantsOf("src/session/inbound.ts");
const judgement = mutantsOf("src/session/connection/loss-judgement.ts");
const complaints = mutantsOf("src/session/connection/server-complaints.ts");
const reconnector = mutantsOf("src/session/retry/reconnector.ts");
const heartbeat = mutantsOf("src/session/connection/heartbeat.ts");
const link = mutantsOf("src/session/connection/link.ts");

const MORTAL = under("mortal");
const DISTANT = under("distant");

/** Clients that go on where nothing will help, or give up where it would. */
export const REFUSAL_MUTANTS: readonly Mutant[] = [
  // Refusals
  judgement(
    "A refusal that is final is tried again.",
    "if (isFatalCloseCode(code) && retryAfterMs === undefined) return",
    "if (isFatalCloseCode(code) && link === undefined) return",
    MORTAL,
  ),
  judgement(
    "What was too large for the server is tried again.",
    "if (isFatalCloseCode(code) && retryAfterMs === undefined)",
    "if (isFatalCloseCode(code) && code !== CloseCode.messageTooBig && code !== CloseCode.tooLarge && retryAfterMs === undefined)",
    MORTAL,
  ),
  judgement(
    "A refusal that says when to come back ends the stream.",
    "if (isFatalCloseCode(code) && retryAfterMs === undefined)",
    "if (isFatalCloseCode(code))",
    under(),
  ),
  complaints(
    "What the server asked for before its close is forgotten.",
    "validUntil: now + Math.max(afterMs, BELONGS_MS)",
    "validUntil: now",
    under(),
  ),

  // For ever
  reconnector(
    "An outage may last for ever.",
    "if (attempt > options.maxAttempts || leftMs <= 0)",
    "if (attempt > options.maxAttempts)",
    MORTAL,
  ),
  inbound(
    "Whatever a server says gives it more time for its answer.",
    "    this.#bytesReceived += wireBytes(data);\n",
    "    this.#bytesReceived += wireBytes(data);\n    connection.answer.delivered(0, this.#parts.time.awake);\n",
    MORTAL,
  ),

  // Away
  reconnector(
    "A page that was put away has used its time up.",
    "    this.#failures = 0;\n    this.#outageSince = now.awake;\n    this.#backoff.reset();\n  }\n\n  /** Nobody",
    "    this.#failures = 0;\n    this.#backoff.reset();\n  }\n\n  /** Nobody",
    MORTAL,
  ),
  connector(
    "A page that is put away leaves its connection open.",
    'this.disconnect(CloseCode.rollover, "page put away");',
    "",
    under(),
  ),

  // Slow
  heartbeat(
    "A slow link has no more time than a fast one.",
    "Math.max(this.#terms.timeoutMs, this.#roundTrip.limitMs)",
    "this.#terms.timeoutMs",
    DISTANT,
  ),
  link(
    "The round trip is not known before a heartbeat has come back.",
    "    this.#roundTrip.measured(now - openedAt);\n",
    "",
    DISTANT,
  ),
];

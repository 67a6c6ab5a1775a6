import { type Mutant, mutantsOf, under } from "./mutant.js";

const session = mutantsOf("src/session/session.ts");
const connector = mutantsOf("src/session/connection/connector.ts");
const judgement = mutantsOf("src/session/connection/loss-judgement.ts");
const inbound = mutantsOf("src/session/inbound.ts");
const loss = mutantsOf("src/session/audio/audio-sender.ts");

const BROKEN = under("broken");
const HAUNTED = under("haunted");
const HOSTILE = under("hostile");
const NO_SERVER_FOR_ME = under("lying", "mortal");

/** Clients that do not end as they should: with their source, with their page, by a callback, by what will not change. */
export const FAREWELL_MUTANTS: readonly Mutant[] = [
  // Sources
  session(
    "A source that ends while the server is away leaves a stream without an end.",
    "if (farewell !== undefined && this.#time.awake >= farewell.at) {",
    "if (farewell !== undefined && this.#connector.live !== undefined && this.#time.awake >= farewell.at) {",
    BROKEN,
  ),
  session(
    "What a source gives after its end is sent.",
    "if (this.#farewell !== undefined) this.#refuse(frame);\n    else {",
    "{",
    BROKEN,
  ),
  session(
    "What a source gives after its end is lost without a word.",
    "if (this.#farewell !== undefined) this.#refuse(frame);",
    "if (this.#farewell !== undefined) return;",
    BROKEN,
  ),
  session(
    "What a source gives after the end of the session is lost without a word.",
    'else if (input.type === "frame") this.#refuse(input.frame);',
    "",
    BROKEN,
  ),
  session(
    "Silence that comes after the end counts as lost.",
    "if (isWithheld(frame)) this.#sender.push(frame);\n    else this.#sender.discard(",
    "this.#sender.discard(",
    HOSTILE,
  ),

  // Pages
  session(
    "A page that goes away does not say what is lost with it.",
    `        this.#connector.disconnect(CloseCode.normal, "aborted");
        this.#finish(undefined);`,
    `        this.#connector.disconnect(CloseCode.normal, "aborted");
        this.#connector.end();
        this.#done = true;`,
    HAUNTED,
  ),
  session(
    "A page that goes away leaves its connection open.",
    '        this.#connector.disconnect(CloseCode.normal, "aborted");\n',
    "",
    HAUNTED,
  ),
  judgement(
    "A session that hangs on a dead page is given up by the next one.",
    "if (isFatalCloseCode(code) && retryAfterMs === undefined) return",
    "if (isFatalCloseCode(code) && (retryAfterMs === undefined || link === undefined)) return",
    HAUNTED,
  ),
  judgement(
    "A session that hangs on a dead page is asked for all the time.",
    'return { type: "temporary", failure: { error, endedBy, retryAfterMs } };',
    'return { type: "temporary", failure: { error, endedBy, retryAfterMs: undefined } };',
    HAUNTED,
  ),

  // Callbacks
  loss(
    "An abort does not count what is held as lost.",
    "if (from < this.#buffer.next) this.#lose({ from, to: this.#buffer.next });",
    "if (from < this.#buffer.next && this.started) this.#lose({ from, to: this.#buffer.next });",
    HOSTILE,
  ),

  // What will not change
  inbound(
    "A server that grants other audio is left as if all were well.",
    "onFailed(mismatch, CloseCode.unsupported);",
    "onFailed(mismatch, CloseCode.normal);",
    NO_SERVER_FOR_ME,
  ),
  inbound(
    "A server that grants other audio is asked again.",
    "onFailed(mismatch, CloseCode.unsupported);",
    "connector.violated(mismatch.message);",
    NO_SERVER_FOR_ME,
  ),
  connector(
    "Audio is sent to a server that takes no message with a sample in it.",
    "if (bytes > this.#maxMessageBytes) {",
    'if (bytes > this.#maxMessageBytes && typeof data === "string") {',
    NO_SERVER_FOR_ME,
  ),
  connector(
    "A limit that no sample fits into is waited out.",
    "      this.#observer.onFailed(errors.messageTooLarge(bytes, this.#maxMessageBytes));\n",
    "",
    NO_SERVER_FOR_ME,
  ),
  connector(
    "The end by a limit does not name it.",
    "errors.messageTooLarge(bytes, this.#maxMessageBytes)",
    "errors.messageTooLarge(this.#maxMessageBytes, bytes)",
    NO_SERVER_FOR_ME,
  ),
];

import { type Mutant, mutantsOf, under } from "./mutant.js";

const session = mutantsOf("src/session/session.ts");
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
    "if (this.#end !== undefined && this.#now >= this.#end.deadline) {",
    'if (this.#end !== undefined && this.#phase.name === "live" && this.#now >= this.#end.deadline) {',
    BROKEN,
  ),
  session(
    "What a source gives after its end is sent.",
    `        if (this.#end !== undefined) {
          this.#sender.discard(rangeOf(input.frame));
          return;
        }
`,
    "",
    BROKEN,
  ),
  session(
    "What a source gives after its end is lost without a word.",
    `          this.#sender.discard(rangeOf(input.frame));
          return;
        }
`,
    `          return;
        }
`,
    BROKEN,
  ),
  session(
    "What a source gives after the end of the session is lost without a word.",
    'else if (input.type === "frame") this.#sender.discard(rangeOf(input.frame));',
    "",
    BROKEN,
  ),

  // Pages
  session(
    "A page that goes away does not say what is lost with it.",
    `        this.#disconnect(CloseCode.normal, "aborted");
        this.#finish(undefined);`,
    `        this.#disconnect(CloseCode.normal, "aborted");
        this.#leave();
        this.#phase = { name: "done" };`,
    HAUNTED,
  ),
  session(
    "A page that goes away leaves its connection open.",
    '        this.#disconnect(CloseCode.normal, "aborted");\n',
    "",
    HAUNTED,
  ),
  session(
    "A session that hangs on a dead page is given up by the next one.",
    "} else if (isFatalCloseCode(code) && retryAfterMs === undefined) this.#fail(error);",
    "} else if (isFatalCloseCode(code) && (retryAfterMs === undefined || !this.#established)) this.#fail(error);",
    HAUNTED,
  ),
  session(
    "A session that hangs on a dead page is asked for all the time.",
    "    else this.#retry({ error, endedBy, retryAfterMs });",
    "    else this.#retry({ error, endedBy, retryAfterMs: undefined });",
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
  session(
    "A server that grants other audio is left as if all were well.",
    "      this.#fail(mismatch, CloseCode.unsupported);\n",
    "      this.#fail(mismatch);\n",
    NO_SERVER_FOR_ME,
  ),
  session(
    "A server that grants other audio is asked again.",
    "      this.#fail(mismatch, CloseCode.unsupported);\n",
    `      this.#disconnect(CloseCode.unsupported, "failed");
      this.#retry({ error: mismatch, endedBy: "server", retryAfterMs: undefined });
`,
    NO_SERVER_FOR_ME,
  ),
  session(
    "Audio is sent to a server that takes no message with a sample in it.",
    "if (bytes > this.#maxMessageBytes) {",
    'if (bytes > this.#maxMessageBytes && typeof data === "string") {',
    NO_SERVER_FOR_ME,
  ),
  session(
    "A limit that no sample fits into is waited out.",
    "      this.#fail(errors.messageTooLarge(bytes, this.#maxMessageBytes));\n",
    "",
    NO_SERVER_FOR_ME,
  ),
  session(
    "The end by a limit does not name it.",
    "errors.messageTooLarge(bytes, this.#maxMessageBytes)",
    "errors.messageTooLarge(this.#maxMessageBytes, bytes)",
    NO_SERVER_FOR_ME,
  ),
];

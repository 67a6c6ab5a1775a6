import { type Mutant, mutantsOf, under } from "./mutant.js";

const inbound = mutantsOf("src/session/inbound.ts");
const sender = mutantsOf("src/session/audio/audio-sender.ts");
const buffer = mutantsOf("src/session/audio/replay-buffer.ts");
const ledger = mutantsOf("src/session/messages/message-ledger.ts");
const captions = mutantsOf("src/session/messages/caption-ledger.ts");

const LYING = under("lying");
const FORGETFUL = under("forgetful");
const SKIPPING = under("lying", "forgetful");
const NARROW = under("narrow");

/** Clients that are no match for a server that says what is not so, forgets, or takes little at once. */
export const LIE_MUTANTS: readonly Mutant[] = [
  // Positions
  sender(
    "An acknowledgement before the answer is believed.",
    `const sent = this.#terms === undefined ? 0 : this.#wirePosition;
    if (position > sent || this.#terms === undefined) {`,
    `const sent = this.#terms === undefined ? this.#everSentTo : this.#wirePosition;
    if (position > sent) {`,
    LYING,
  ),
  sender(
    "An acknowledgement of what only an earlier connection got is believed.",
    "const sent = this.#terms === undefined ? 0 : this.#wirePosition;",
    "const sent = this.#everSentTo;",
    LYING,
  ),
  sender(
    "A new session that begins beyond all audio is believed.",
    'if (position > (lineage === "same" ? this.#sentTo : this.#buffer.next)) {',
    'if (lineage === "same" && position > this.#sentTo) {',
    SKIPPING,
  ),
  sender(
    "A resumed session that stands beyond all audio is believed.",
    'if (position > (lineage === "same" ? this.#sentTo : this.#buffer.next)) {',
    'if (lineage === "new" && position > this.#buffer.next) {',
    LYING,
  ),
  inbound(
    "An answer that cannot be true sets the numbers of messages back.",
    `this.#verify(message.data.audio, "new", connection);
        const voided = inbox.renew(message.data.epoch, message.seq);`,
    `const voided = inbox.renew(message.data.epoch, message.seq);
        this.#verify(message.data.audio, "new", connection);`,
    SKIPPING,
  ),
  sender(
    "What a new session skips is lost without a word.",
    "this.#lose({ from: Math.max(this.#everAcknowledged, buffer.first), to: terms.position });",
    "",
    SKIPPING,
  ),
  buffer(
    "What a new session skips stays in the buffer.",
    "    this.seek(position);\n    this.#freeAcknowledged();\n",
    "    this.seek(position);\n",
    SKIPPING,
  ),

  // Terms
  inbound(
    "A grant of other audio than was offered is taken as it is.",
    "if (mismatch !== undefined) {",
    'if (mismatch !== undefined && !connector.everAnswered && connection.phase !== "opening") {',
    under("lying", "mortal"),
  ),
  inbound(
    "The limit of the first welcome holds for good.",
    "const maxMessageBytes = welcome.limits.max_msg_bytes;",
    "const maxMessageBytes = (connector as { first?: number }).first ??= welcome.limits.max_msg_bytes;",
    LYING,
  ),
  sender(
    "A frame that is too large is sent as it is.",
    "if (size > terms.maxMessageBytes) {",
    "if (size > this.#options.highWaterBytes) {",
    NARROW,
  ),
  sender(
    "The server is sent parts of a split frame that it has already.",
    "        this.#buffer.seek(this.#wirePosition); // The server may have the first parts already.\n",
    "",
    under("narrow", "lying", "forgetful"),
  ),
  buffer(
    "What does not fill a last part is left out of a split frame.",
    "offset < whole.sampleCount; offset += maxSamples",
    "offset + maxSamples <= whole.sampleCount; offset += maxSamples",
    NARROW,
  ),
  buffer(
    "Every part of a split frame has the first one's audio.",
    "address: whole.address + offset * bytesPerSample,",
    "address: whole.address,",
    NARROW,
  ),
  buffer(
    "The parts of a split frame count as its beginning.",
    "ordinal: whole.ordinal + offset,",
    "ordinal: whole.ordinal,",
    NARROW,
  ),

  // Numbers
  ledger(
    "A hole between messages is passed over without a word.",
    "if (!joins) this.lose(this.#lastSeq + 1, seq - 1);",
    "if (!joins) this.loseReported(this.#lastSeq + 1, seq - 1);",
    LYING,
  ),
  ledger(
    "A hole in a replay is passed over without a word.",
    "if (this.#highest > this.#lastSeq) this.lose(this.#lastSeq + 1, this.#highest);",
    "",
    LYING,
  ),
  ledger(
    "The hole in an interrupted replay is forgotten with its lineage.",
    "    this.lose(this.#lastSeq + 1, this.#highest);\n    this.#epoch = epoch;",
    "    this.#epoch = epoch;",
    SKIPPING,
  ),
  ledger(
    "A message of a replay that comes in another order is taken for a hole.",
    "while (this.#ahead.delete(this.#lastSeq + 1)) this.#lastSeq += 1;",
    "this.lose(this.#lastSeq + 1, seq - 1);\n      this.#lastSeq = Math.max(this.#lastSeq, seq);",
    LYING,
  ),
  inbound(
    "Messages that never came between others are reported with the next connection only.",
    "if (ranges.length > 0) outputs.warn(errors.messagesMissing(ranges));",
    "if (ranges.length > 1) outputs.warn(errors.messagesMissing(ranges));",
    LYING,
  ),

  // Captions
  captions(
    "What was captioned before a restart is captioned again.",
    "if (audio !== undefined && earlier.length > 0 && covers(earlier, audio)) return undefined;",
    "",
    FORGETFUL,
  ),
  captions(
    "A caption that only shares audio with an earlier one is withheld.",
    "return covered.add(range).length === 0;",
    "return covered.add(range).length <= 1;",
    FORGETFUL,
  ),
  captions(
    "A caption does not say what it replaces.",
    "if (replaces.length === 0) return caption;",
    "if (replaces.length >= 0) return caption;",
    FORGETFUL,
  ),
  captions(
    "What an earlier lineage left open stays open.",
    "if (segmentIds.length === 0) return [];",
    "if (segmentIds.length >= 0) return [];",
    FORGETFUL,
  ),
  captions(
    "What is finished is taken back as if it were open.",
    "    this.#open[kind].delete(segmentId);\n    const finals",
    "    const finals",
    FORGETFUL,
  ),
];

import { type Ground, type Mutant, mutantsOf, under } from "./mutant.js";

const manager = mutantsOf("examples/server/protocol/protocol-session.ts");
const judge = mutantsOf("examples/server/protocol/opening-judge.ts");
const registry = mutantsOf("examples/server/protocol/session-registry.ts");
const outbox = mutantsOf("examples/server/protocol/outbox.ts");
const inlet = mutantsOf("examples/server/protocol/audio-inlet.ts");
const secrets = mutantsOf("examples/server/protocol/resume-secrets.ts");

/** Little is said, and trouble goes on long after it. */
const AT_THE_END: Ground = { ...under(), fixed: { durationMs: 1_000, troubleAfterMs: 4_000 } };
const FAST: Ground = { ...under(), fixed: { sourceSpeed: 4 } };
/** 500 parts in a million of two hours are more than three seconds. */
const FAST_CLOCK: Ground = {
  ...under(),
  fixed: { durationMs: 2 * 3_600_000, frameSamples: 64_000, sourceSpeed: 1.000_5, faultsPerSecond: 1 / 3_600 },
};
const STOPPED: Ground = { ...under(), fixed: { sourceSpeed: 1 } };

export const SERVER_MUTANTS: readonly Mutant[] = [
  // Audio
  inlet(
    "Audio is acknowledged before it is kept.",
    "    this.#expected = end;\n    this.#resyncFor",
    "    this.#expected = end;\n    this.#kept = end;\n    this.#resyncFor",
  ),
  manager(
    "The acknowledgement says what was taken in, not what is kept.",
    'this.#send("audio.ack", { position: this.#inlet.kept });',
    'this.#send("audio.ack", { position: this.#inlet.expected });',
  ),
  manager(
    "The server forgets to acknowledge after a resume.",
    "    // The client may never have got the last acknowledgement.\n    this.#ackDueAt = this.#now;\n",
    "",
  ),
  manager("Acknowledgements come late.", "const ACK_INTERVAL_MS = 100;", "const ACK_INTERVAL_MS = 400;"),
  inlet("Audio that is in already is taken in again.", 'if (end <= this.#expected) return { type: "duplicate" };', ""),
  inlet(
    "A hole is taken for silence.",
    "if (frame.position > this.#expected && (frame.flags & AudioFrameFlag.gap) === 0) {",
    "if (frame.position < 0) {",
  ),
  inlet(
    "The head of a frame that is in already is taken in again.",
    "const fresh = frame.position < this.#expected ? this.#withoutHead(frame) : frame;",
    "const fresh = frame;",
  ),
  inlet(
    "What a crash took is believed to be in.",
    "    this.#expected = position;\n    this.#kept = position;",
    "    this.#kept = position;",
  ),
  manager(
    "A new lineage starts where the client is, not where its buffer starts.",
    "audio: { position: this.#inlet.expected, pace: this.#options.terms.pace },",
    "audio: { position: this.#options.offer.next, pace: this.#options.terms.pace },",
  ),

  manager(
    "A resumed client is sent back to what is kept, and what is in comes again.",
    "audio: { position: this.#inlet.expected, pace: terms.pace },",
    "audio: { position: this.#inlet.kept, pace: terms.pace },",
  ),

  // Messages
  outbox(
    "Messages are forgotten once they are sent.",
    "    for (const { seq } of batch) this.#inFlight.push(seq);\n",
    "    for (const { seq } of batch) this.#inFlight.push(seq);\n    this.#messages = this.#messages.filter(({ seq }) => seq > this.#sentSeq);\n",
  ),
  outbox(
    "Acknowledged messages stay in flight.",
    "    this.#inFlight = this.#inFlight.filter((sent) => sent > this.#acknowledgedSeq);\n",
    "",
  ),
  outbox(
    "The client's window is ignored.",
    "this.#take(sid, this.#window - this.#inFlight.length)",
    "this.#take(sid, Number.POSITIVE_INFINITY)",
  ),
  outbox(
    "The limit of messages kept is ignored.",
    "if (this.#messages.length <= this.#maxEvents) return;",
    "if (this.#messages.length >= 0) return;",
  ),
  outbox(
    "A client that acknowledges what it was never sent is believed.",
    "if (seq > this.#sentSeq) return false;",
    "",
  ),
  outbox(
    "Messages that had to go before they were sent go without a word.",
    "this.#unsent = { from_seq: this.#unsent?.from_seq ?? seq, to_seq: seq };",
    "",
    under(),
  ),
  outbox(
    "Resume succeeds with a hole.",
    "return lastSeq < gone ? { from_seq: lastSeq + 1, to_seq: gone } : undefined;",
    "return undefined;",
  ),
  outbox("A resume replays nothing.", "return this.#take(sid, Number.POSITIVE_INFINITY);", "return [];"),
  outbox(
    "A resume replays one message too few.",
    "this.#sentSeq = Math.max(lastSeq, gone);",
    "this.#sentSeq = Math.max(lastSeq + 1, gone);",
  ),
  manager(
    "The answer to a resume comes before the replay.",
    "    for (const frame of this.#outbox.replay(sessionId)) this.#put(frame);\n",
    "",
  ),

  // Identity
  judge(
    "A late echo of an older connection displaces the newer one.",
    "if (data.attempt <= session.attempt) {",
    "if (data.attempt < 0) {",
  ),
  manager(
    "The displaced connection is left open.",
    'if (this.#peer !== undefined) this.#close(CloseCode.replaced, "replaced by a newer connection");',
    "",
  ),
  manager("The generation is not raised.", "    this.#generation += 1;\n", ""),
  manager(
    "A stranger's number shuts the client out.",
    "    const judgement = judge",
    "    this.#attempt = data.attempt - 1;\n    const judgement = judge",
  ),
  manager(
    "A client whose answer was lost is taken for a stranger.",
    "      else this.#onFrame(data);\n      this.#confirmed = true;",
    "      else this.#onFrame(data);",
  ),
  judge(
    "A hello with the client's id is let in by anyone.",
    "if (!knows && session.confirmed) {",
    'if (!knows && session.confirmed && kind === "hello") {',
  ),
  secrets("The secret is rotated without grace.", "    this.#valid.push(secret);", "    this.#valid = [secret];"),
  secrets("Any secret is good.", "if (index < 0) return false;", "if (index < 0) return true;"),
  secrets(
    "A stranger's wrong secret voids the right ones.",
    "if (index < 0) return false;",
    "if (index < 0) {\n      this.#valid = [];\n      return false;\n    }",
  ),
  judge(
    "The epoch is ignored.",
    'kind === "resume" && data.epoch === session.epoch && session.secrets.use(data.resume_token)',
    'kind === "resume"',
  ),

  judge(
    "Anybody's hello is let in.",
    "if (data.client_id !== session.clientId) {",
    "if (data.client_id === undefined) {",
  ),

  // Liveness, end and release
  manager(
    "Heartbeats go unanswered.",
    'this.#send("server.hb", {}, message.id === undefined ? {} : { corr: message.id });',
    "",
  ),
  manager(
    "A silent client is never given up.",
    'this.#close(CloseCode.timeout, "heartbeat timeout");\n      return;',
    "this.#lastInbound = this.#now;",
  ),
  registry("A server that slept blames its client.", "    if (slept) this.#wake();\n", ""),
  manager(
    "Sessions whose clients could not come back while the server slept expire when it wakes.",
    "        if (this.#expiresAt !== undefined) this.#expiresAt = this.#now + this.#options.terms.resumeTtlMs;\n        return;",
    "        return;",
  ),
  manager(
    "The resume window counts from the start.",
    "#detach(code: number): void {\n    this.#peer = undefined;\n    this.#expiresAt = this.#now + ",
    "#detach(code: number): void {\n    this.#peer = undefined;\n    this.#expiresAt = this.#options.now + ",
  ),
  manager(
    "The resume window goes on after the client is back.",
    "    this.#expiresAt = undefined;\n    this.#endSentTo",
    "    this.#endSentTo",
  ),
  manager(
    "A session waits for its client for ever.",
    'this.#finish(this.#drained ? "ended" : "expired");\n      return;',
    "this.#expiresAt = undefined;",
  ),
  manager(
    "session.end comes before the last messages.",
    "if (this.#drained && this.#outbox.flushed && this.#endSentTo !== this.#peer)",
    "if (this.#drained && this.#endSentTo !== this.#peer)",
  ),
  manager(
    "session.end comes before all audio is kept.",
    'this.#out.push({ type: "end-audio" });',
    'this.#out.push({ type: "end-audio" });\n      this.#drained = true;',
  ),
  manager(
    "client.end is believed although audio is missing.",
    "if (position > this.#inlet.expected) this.#askFor(this.#inlet.expected);\n    else if (!this.#ending) {",
    "if (!this.#ending) {",
    under("leaky"),
  ),
  manager("After a crash the end is not asked for again.", "        this.#ending = false;\n", "", AT_THE_END),
  manager(
    "After a crash the end is said although audio is missing.",
    "        this.#drained = false;\n        return;",
    "        return;",
    AT_THE_END,
  ),
  registry(
    "A refused connection is not let go of.",
    "    this.#peers.delete(peer);\n    const data = encodeServerMessage",
    "    const data = encodeServerMessage",
  ),
  registry(
    "A connection that never says who it is stays.",
    'if (state.phase !== "attached" && this.#now >= state.deadline) {',
    "if (this.#now < 0) {",
  ),
  registry(
    "A finished session is not let go of.",
    'if (output.type === "finished") this.#sessions.delete(session.key.sessionId);',
    "",
  ),

  manager(
    "What was asked for once is not asked for again.",
    "if (awaited !== undefined && this.#now >= this.#askAgainAt) this.#askFor(awaited);",
    "",
    under("leaky"),
  ),

  // Dead tabs
  judge(
    "A session whose client is gone is refused as if it were in use for good.",
    "session.freeInMs === undefined ? undefined : Math.min(Math.ceil(session.freeInMs), MAX_RETRY_AFTER_MS);",
    "undefined as number | undefined;",
    under("mortal"),
  ),
  manager(
    "Another client has to wait the whole time however long the first one has been gone.",
    "return Math.max(0, this.#expiresAt - this.#now);",
    "return this.#options.terms.resumeTtlMs;",
    under("mortal"),
  ),
  manager(
    "A session whose client is there is promised to another one.",
    "return silentMs > heartbeatIntervalMs ?",
    "return silentMs >= 0 ?",
    under(),
  ),

  manager(
    "A session whose client has fallen silent is refused for good until its heartbeat is overdue.",
    "return silentMs > heartbeatIntervalMs ?",
    "return silentMs > heartbeatTimeoutMs ?",
    under("haunted"),
  ),

  // Clocks
  manager(
    "Audio that is faster than real time is taken for a lie.",
    "const verdict = this.#inlet.take(bytes);",
    aheadOfTime(5_000),
    FAST,
  ),
  manager(
    "Audio from a device whose clock runs fast is taken for a lie after a while.",
    "const verdict = this.#inlet.take(bytes);",
    aheadOfTime(2_000),
    FAST_CLOCK,
  ),
  manager(
    "Audio that came while the server's clock stood still is taken for a lie.",
    "const verdict = this.#inlet.take(bytes);",
    aheadOfTime(8_000),
    STOPPED,
  ),
];

/** A server that goes by its clock: it allows audio to be so far ahead of the time since the session began. */
function aheadOfTime(allowedMs: number): string {
  return `const verdict = this.#inlet.take(bytes);
    const { offer, now: startedAt } = this.#options;
    const heardMs = ((this.#inlet.expected - offer.first) / offer.sample_rate) * 1_000;
    if (heardMs > this.#now - startedAt + ${allowedMs}) throw new ShapeError("The audio must not lie in the future.");`;
}

import { type Ground, type Mutant, mutantsOf, under } from "./mutant.js";

const session = mutantsOf("examples/server/protocol/protocol-session.ts");
const events = mutantsOf("examples/server/protocol/session-events.ts");
const identity = mutantsOf("examples/server/protocol/session-identity.ts");
const lifetime = mutantsOf("examples/server/protocol/session-lifetime.ts");
const attachment = mutantsOf("examples/server/protocol/attachment.ts");
const judge = mutantsOf("examples/server/protocol/opening-judge.ts");
const protocol = mutantsOf("examples/server/protocol/server-protocol.ts");
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
    "    this.#expected = end;\n",
    "    this.#expected = end;\n    this.#kept = end;\n",
  ),
  session(
    "The acknowledgement says what was taken in, not what is kept.",
    "attachment.acknowledge(this.#inlet.kept);",
    "attachment.acknowledge(this.#inlet.expected);",
  ),
  session(
    "The server forgets to acknowledge after a resume.",
    "    this.#attachment = attachment;\n",
    "    this.#attachment = attachment;\n    attachment.acknowledged = this.#inlet.kept;\n",
  ),
  session(
    "Kept audio waits for more before it is acknowledged.",
    "if (attachment.acknowledged < this.#inlet.kept)",
    "if (attachment.acknowledged < this.#inlet.kept - (attachment.acknowledged < 0 ? 0 : 8_000))",
  ),
  inlet("Audio that is in already is taken in again.", 'if (end <= this.#expected) return { type: "duplicate" };', ""),
  inlet(
    "A hole is taken for silence.",
    "if (frame.position > this.#expected && (frame.flags & AudioFrameFlag.gap) === 0) {",
    "if (frame.position < 0) {",
  ),
  inlet(
    "The short lane takes a hole for silence.",
    "    if (uint32At(bytes, 8) * TWO_32 + uint32At(bytes, 4) !== position) return undefined;\n",
    "",
  ),
  session(
    "The short lane forgets that the client was heard.",
    "    attachment.hear();\n    this.#identity.confirm();\n    this.#lifetime",
    "    this.#lifetime",
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
  session(
    "A new lineage starts where the client is, not where its buffer starts.",
    "begun(this.key, reason, audio)",
    "begun(this.key, reason, { ...audio, position: offer.next })",
  ),

  session(
    "A resumed client is sent back to what is kept, and what is in comes again.",
    "resumed(this.key, audio)",
    "resumed(this.key, { ...audio, position: this.#inlet.kept })",
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
  events(
    "The answer to a resume comes before the replay.",
    "    for (const message of this.#outbox.replay(this.#key.sessionId)) attachment.put(message);\n",
    "",
  ),

  // Identity
  judge(
    "A late echo of an older connection displaces the newer one.",
    "if (data.attempt <= session.attempt) {",
    "if (data.attempt < 0) {",
  ),
  session(
    "The displaced connection is left open.",
    '    this.#close(CloseCode.replaced, "replaced by a newer connection");\n    const attachment',
    "    const attachment",
  ),
  identity("The generation is not raised.", "    this.#generation += 1;\n", ""),
  identity(
    "A look at an opening counts as one of the client's own.",
    "attempt: this.#attempt,",
    "attempt: this.#attempt++,",
  ),
  identity("A client whose answer was lost is taken for a stranger.", "    this.#confirmed = true;\n", ""),
  judge(
    "A resume with a wrong secret is let in as if the session were new.",
    '  // 6\n  if (kind === "resume") {',
    '  if (kind === "resume") return { verdict: "attached", knows: false };\n  if (data) {',
  ),
  secrets("The secret is rotated without grace.", "    this.#valid.push(secret);", "    this.#valid = [secret];"),
  secrets("Any secret is good.", "return this.#indexOf(secret) >= 0;", "return secret !== undefined;"),
  secrets(
    "A stranger's wrong secret voids the right ones.",
    "return this.#indexOf(secret) >= 0;",
    "if (this.#indexOf(secret) >= 0) return true;\n    this.#valid = [];\n    return false;",
  ),
  judge(
    "The epoch is ignored.",
    'kind === "resume" && data.epoch === session.epoch && session.isGoodSecret(data.resume_token)',
    'kind === "resume"',
  ),

  judge(
    "Anybody's hello is let in.",
    "if (data.client_id !== session.clientId) {",
    "if (data.client_id === undefined) {",
  ),

  // Liveness, end and release
  session(
    "Heartbeats go unanswered.",
    'attachment.send("server.hb", {}, message.id === undefined ? {} : { corr: message.id });',
    "",
  ),
  session(
    "A silent client is never given up.",
    'this.#close(CloseCode.timeout, "heartbeat timeout");',
    "this.#attachment.hear();",
  ),
  protocol("A server that slept blames its client.", "    if (sleptMs > LATE_MS) this.#wake(sleptMs);\n", ""),
  lifetime(
    "Sessions whose clients could not come back while the server slept expire when it wakes.",
    "    if (this.#detachedAt !== undefined) this.#detachedAt = now;\n",
    "",
  ),
  lifetime(
    "The resume window counts from the start.",
    "  detached(now: number): void {\n    this.#detachedAt = now;",
    "  detached(now: number): void {\n    this.#detachedAt = Math.min(now, 0);",
  ),
  session("The resume window goes on after the client is back.", "    this.#lifetime.attached();\n", ""),
  session(
    "A session waits for its client for ever.",
    'this.#finish(this.#drained ? "ended" : "expired");',
    "this.#lifetime.attached();",
  ),
  session(
    "session.end comes before the last messages.",
    "if (!this.#drained || !this.#events.flushed) return;",
    "if (!this.#drained) return;",
  ),
  session(
    "session.end comes before all audio is kept.",
    'this.#turn.outputs.push({ type: "end-audio", key: this.key });',
    'this.#turn.outputs.push({ type: "end-audio", key: this.key });\n    this.#drained = true;',
  ),
  session(
    "client.end is believed although audio is missing.",
    "if (position > this.#inlet.expected) attachment.askFor(this.#inlet.expected);\n    else this.#endAudio();",
    "this.#endAudio();",
    under("leaky"),
  ),
  session("After a crash the end is not asked for again.", "        this.#lifetime.goOn();\n", "", AT_THE_END),
  session(
    "After a crash the end is said although audio is missing.",
    "        this.#drained = false;\n        return;",
    "        return;",
    AT_THE_END,
  ),
  protocol("A refused connection is not let go of.", "    this.#forget(peer);\n    this.#turn", "    this.#turn"),
  protocol("A connection that never says who it is stays.", "    this.#alarms.set(peer, newcomer.deadline);\n", ""),
  protocol("A finished session is not let go of.", "    this.#sessions.delete(session);\n", ""),

  attachment(
    "What was asked for once is not asked for again.",
    "if (awaited !== undefined && now >= this.#askAgainAt) this.askFor(awaited);",
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
  lifetime(
    "Another client has to wait the whole time however long the first one has been gone.",
    "return Math.max(0, this.expiresAt - now);",
    "return this.#terms.resumeTtlMs;",
    under("mortal"),
  ),
  attachment(
    "A session whose client is there is promised to another one.",
    "return silentMs > heartbeatIntervalMs ?",
    "return silentMs >= 0 ?",
    under(),
  ),

  attachment(
    "A session whose client has fallen silent is refused for good until its heartbeat is overdue.",
    "return silentMs > heartbeatIntervalMs ?",
    "return silentMs > heartbeatTimeoutMs ?",
    under("haunted"),
  ),

  // Clocks
  session(
    "Audio that is faster than real time is taken for a lie.",
    "const frame = this.#inlet.takeExpected(bytes);",
    aheadOfTime(5_000),
    FAST,
  ),
  session(
    "Audio from a device whose clock runs fast is taken for a lie after a while.",
    "const frame = this.#inlet.takeExpected(bytes);",
    aheadOfTime(2_000),
    FAST_CLOCK,
  ),
  session(
    "Audio that came while the server's clock stood still is taken for a lie.",
    "const frame = this.#inlet.takeExpected(bytes);",
    aheadOfTime(8_000),
    STOPPED,
  ),
];

/** A server that goes by its clock: it allows audio to be so far ahead of the time since the session began. */
function aheadOfTime(allowedMs: number): string {
  return `const { offer } = this.#options;
    const self = this as unknown as { startedAt?: number };
    self.startedAt ??= this.#turn.now;
    const heardMs = ((this.#inlet.expected - offer.first) / offer.sample_rate) * 1_000;
    if (heardMs > this.#turn.now - self.startedAt + ${allowedMs}) {
      this.#close(CloseCode.protocolViolation, "The audio must not lie in the future.");
      return undefined;
    }
    const frame = this.#inlet.takeExpected(bytes);`;
}

import { DEATH_MUTANTS } from "./death-mutants.js";
import { FAREWELL_MUTANTS } from "./farewell-mutants.js";
import { LIE_MUTANTS } from "./lie-mutants.js";
import { LOSS_MUTANTS } from "./loss-mutants.js";
import { AMONG_MANY_CLIENTS, type Mutant, mutantsOf, under } from "./mutant.js";
import { REFUSAL_MUTANTS } from "./refusal-mutants.js";

const session = mutantsOf("src/session/session.ts");
const sender = mutantsOf("src/session/audio/audio-sender.ts");
const buffer = mutantsOf("src/session/audio/replay-buffer.ts");
const losses = mutantsOf("src/session/audio/loss-ledger.ts");
const ledger = mutantsOf("src/session/messages/message-ledger.ts");
const connector = mutantsOf("src/session/connection/connector.ts");
const inbound = mutantsOf("src/session/inbound.ts");
const farewell = mutantsOf("src/session/farewell.ts");
const senderOptions = mutantsOf("src/session/audio/sender-options.ts");
const heartbeat = mutantsOf("src/session/connection/heartbeat.ts");
const backoff = mutantsOf("src/session/retry/backoff.ts");
const reconnector = mutantsOf("src/session/retry/reconnector.ts");
const opening = mutantsOf("src/session/connection/opening.ts");
const time = mutantsOf("src/session/session-time.ts");

export const CLIENT_MUTANTS: readonly Mutant[] = [
  // Connections
  connector(
    "The client believes messages of a connection it has left.",
    'if (connection?.id !== id || connection.phase === "connecting") return undefined;',
    'if (connection === undefined || connection.phase === "connecting") return undefined;',
  ),
  connector(
    "The late close of a connection it has left costs the client its new one.",
    "if (connection?.id !== id) return;",
    "if (connection === undefined) return;",
  ),
  connector(
    "The client takes the late opening of a connection it has left for its new one.",
    'if (connection?.id !== id || connection.phase !== "connecting") return undefined;',
    'if (connection?.phase !== "connecting") return undefined;',
  ),
  connector(
    "The client waits for the close event of a dead link before it replaces it.",
    `      const error = errors.heartbeatTimeout(now - link.heartbeat.lastInbound);
      this.#retry({ error, endedBy: "here", retryAfterMs: this.#leftMs });`,
    `      this.#outputs.warn(errors.heartbeatTimeout(now - link.heartbeat.lastInbound));`,
  ),
  connector("The client forgets to close a dead link.", `this.disconnect(CloseCode.timeout, "heartbeat timeout");`, ""),
  connector(
    "The client waits for an answer to its opening for ever.",
    "} else if (this.#time.awake >= connection.answer.at) {",
    '} else if (connection.phase === "connecting" && this.#time.awake >= connection.answer.at) {',
  ),
  session(
    "A timer outlives the session.",
    "if (this.#done) return undefined;",
    "if (this.#done) return this.#time.awake + 1;",
  ),
  connector(
    "The client stays connected to a server that breaks the protocol.",
    `    this.disconnect(CloseCode.protocolViolation, message.slice(0, 120));
    this.#retry({ error: violation, endedBy: "server", retryAfterMs: this.#retryAfterMs });`,
    "",
  ),
  opening("Every connection of the client calls itself the first.", "attempt: connection,", "attempt: 1,"),
  inbound(
    "The client goes on with the first secret it was given.",
    "this.#resumeToken = welcome.resume_window.token ?? this.#resumeToken;",
    "this.#resumeToken ??= welcome.resume_window.token;",
  ),

  // Audio
  buffer(
    "The cursor is not rewound on a resume.",
    `?? this.#ordinal;
    this.seek(position);`,
    "?? this.#ordinal;",
  ),
  sender(
    "Live audio overtakes the backlog.",
    "    this.#sentTo = terms.position;\n",
    "    buffer.next > terms.position && this.#buffer.seek(buffer.next - 1);\n    this.#sentTo = terms.position;\n",
  ),
  session(
    "Audio is acknowledged by being sent.",
    "for (const frame of frames) this.#connector.send(frame);",
    "for (const frame of frames) this.#connector.send(frame);\n    this.#sender.acknowledge(this.#sender.everSentTo);",
  ),
  sender(
    "An acknowledgement of what was never sent is believed.",
    "if (position > sent || this.#terms === undefined) {",
    "if (position < 0) {",
  ),
  sender(
    "A request for what was never sent is believed.",
    "if (position < this.#buffer.acknowledged || !onTheWire) {",
    "if (position < this.#buffer.acknowledged) {",
  ),
  senderOptions(
    "The grace tail is missing.",
    "graceSamples: Math.min(toSamples(GRACE_TAIL_MS), toSamples(replay.maxDurationMs) / 2),",
    "graceSamples: 0,",
  ),
  inbound("A request to send again is ignored.", "sender.resync(message.data.position);", ""),
  sender(
    "Dropped audio leaves a hole that the next frame does not declare.",
    "const flags = frame.position > this.#wirePosition ? frame.flags | AudioFrameFlag.gap : frame.flags;",
    "const { flags } = frame;",
  ),
  sender(
    "What the server may have is announced as lost.",
    "if (sent) this.#losses.doubt(range);\n      else this.#lose(range);",
    "this.#lose(range);",
  ),
  sender("Overflow is silent where the audio was never sent.", "else this.#lose(range);", ""),
  sender(
    "What turns out to be lost is never announced.",
    'for (const range of this.#losses.settle(lineage === "same" ? terms.position : 0)) this.#lose(range);',
    'this.#losses.settle(lineage === "same" ? terms.position : 0);',
  ),
  sender(
    "What a store lost beyond the grace tail is never announced.",
    "this.#lose({ from: terms.position, to: Math.min(buffer.acknowledged, buffer.first) });",
    "",
  ),
  losses(
    "A loss is announced again when the server falls back over it.",
    "return this.#absent.add(range);",
    "this.#absent.add(range);\n    return [range];",
  ),
  losses(
    "What is in doubt is lost although the server has it.",
    "if (this.#doubtful.length > 0) this.#doubtful = after(this.#doubtful, position);",
    "",
  ),
  sender(
    "Losses are announced twice.",
    "return this.#lost.splice(0);",
    "return this.#lost.splice(0, 1).concat(this.#lost);",
  ),
  buffer("The replay buffer knows no limit.", "while (this.frameCount > 0 && (", "while (false && ("),
  buffer(
    "Acknowledged audio is kept for ever.",
    "this.#frames.first >= this.#cursor) break;",
    "this.#frames.first >= 0) break;",
  ),
  sender("The window is ignored.", "if (inFlight > 0 && inFlight + frame.sampleCount > terms.window) break;", ""),
  sender(
    "Audio that left the buffer does not count as in flight.",
    "return this.#buffer.samplesInFlight + this.#losses.samples;",
    "return this.#buffer.samplesInFlight;",
  ),
  sender("The pace is ignored.", "if (!this.#pace.allows) {", "if (!this.#pace) {"),
  sender(
    "The pending frame does not count against the socket's limit.",
    "if (buffered > 0 && buffered + size > this.#options.highWaterBytes) {",
    "if (buffered > this.#options.highWaterBytes) {",
  ),

  // Messages
  ledger(
    "Events are delivered as often as they come.",
    "if (seq <= this.#lastSeq) return this.#missing.delete(seq);",
    "",
  ),
  ledger("What was delivered ahead of a hole is delivered again.", "if (this.#ahead.has(seq)) return false;", ""),
  ledger(
    "A new lineage's numbers are compared with the old one's.",
    "    this.#lastSeq = seq ?? 0;\n    this.#highest = this.#lastSeq;",
    "",
  ),
  inbound(
    "The snapshot's number is taken as the last one seen.",
    "answer.replays(current_seq, time.awake);",
    "inbox.ledger.finishResume(current_seq);",
  ),
  ledger(
    "The last number moves over holes while a resume is answered.",
    "if (this.#resuming) {\n      this.#ahead",
    "if (this.#epoch === -1) {\n      this.#ahead",
  ),
  inbound(
    "A gap in the messages is not told.",
    "missingMessages: inbox.ledger.takeMissing(),",
    "missingMessages: inbox.ledger.takeMissing().slice(1),",
    under("lying"),
  ),
  ledger(
    "A gap is told although parts of it were delivered.",
    ".filter((seq) => seq >= fromSeq && seq <= toSeq)",
    ".filter(() => false)",
  ),
  ledger(
    "Events are acknowledged by a timer alone.",
    "const isDue = pending >= Math.max(1, maxInFlight >> 2) || now >= this.#acknowledgementDueAt;",
    "const isDue = now >= this.#acknowledgementDueAt;",
  ),

  // End
  session("The end is said before everything is sent.", "= this.#sender.drainedAt;", "= this.#sender.buffer.next;"),
  farewell(
    "The end is said once only, whatever becomes of the connection.",
    "this.#saidOn === connection;",
    "this.#saidOn !== undefined;",
  ),

  session(
    "What was never sent is not announced when the session fails.",
    "this.#sender.giveUp();",
    "this.#sender.stop();",
  ),

  // Liveness and retries
  heartbeat(
    "A dead link is never declared dead.",
    'return this.#terms.mortal ? "dead" : this.#ask(now);',
    "return this.#ask(now);",
  ),
  time("A late timer kills a healthy link.", "lateMs > STALL_MS ? lateMs : 0", "0"),
  heartbeat(
    "Only a pong counts as life.",
    "    this.#lastInbound = now;\n    this.#probeDeadline = undefined;",
    "    this.#lastInbound = now;",
  ),
  backoff(
    "The jitter is missing.",
    "const drawn = jitterRatio * Math.min(spread, room) * this.#random();",
    "const drawn = jitterRatio * Math.min(spread, room);",
    AMONG_MANY_CLIENTS,
  ),
  backoff(
    "Half of the jitter is missing.",
    "const drawn = jitterRatio * Math.min(spread, room) * this.#random();",
    "const drawn = (jitterRatio * Math.min(spread, room) * (1 + this.#random())) / 2;",
    AMONG_MANY_CLIENTS,
  ),
  backoff("Attempts know no budget.", "return Math.max(0, oldest + WINDOW_MS - now);", "return 0;", AMONG_MANY_CLIENTS),
  backoff(
    "A server that accepts and closes is hammered.",
    'const floor = endedBy === "server" ?',
    "const floor = attempt < 0 ?",
    AMONG_MANY_CLIENTS,
  ),
  backoff(
    "The server's wish for a delay is ignored.",
    "retryAfterMs === undefined ? 0 : retryAfterMs",
    "retryAfterMs === undefined || attempt > 0 ? 0 : retryAfterMs",
    AMONG_MANY_CLIENTS,
  ),
  reconnector(
    "Any connection ends the row of failures at once.",
    "    this.#lastError = undefined;\n    return downtimeMs;",
    "    this.#lastError = undefined;\n    this.#failures = 0;\n    this.#backoff.reset();\n    return downtimeMs;",
    AMONG_MANY_CLIENTS,
  ),
  reconnector(
    "Good news about the network outrun the budget.",
    "return now.wall + Math.max(spread, this.#backoff.budgetDelayMs(now.wall));",
    "return now.wall + spread;",
    AMONG_MANY_CLIENTS,
  ),
  reconnector(
    "A server that sends everyone away for ever is never given up.",
    "if (this.#moves > 1) {",
    "if (this.#moves < 0) {",
    under("mortal"),
  ),
  reconnector(
    "Everyone who is sent away comes back at the same moment.",
    "askedMs + this.#random() * ROLLOVER_SPREAD_MS",
    "askedMs",
    AMONG_MANY_CLIENTS,
  ),
  connector(
    "Good news about the network shorten a wait that the server asked for.",
    '"waiting" && this.#phase.hurriable) {',
    '"waiting") {',
    AMONG_MANY_CLIENTS,
  ),

  ...LIE_MUTANTS,
  ...LOSS_MUTANTS,
  ...REFUSAL_MUTANTS,
  ...FAREWELL_MUTANTS,
  ...DEATH_MUTANTS,
];

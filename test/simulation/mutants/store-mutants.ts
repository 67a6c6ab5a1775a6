import type { PlantedBug } from "../../support/planted-bug.js";
import type { ClusterGround } from "../cluster/cluster-world.js";

/** One planted bug of the store or of whoever uses it, and where it is hunted. */
export interface StoreMutant extends PlantedBug {
  readonly ground: ClusterGround;
}

const mutantsOf =
  (file: string) =>
  (name: string, find: string, replace: string, ground: ClusterGround = {}): StoreMutant => ({
    ...{ name, file, find, replace },
    // One that is about what a forgetful Redis costs says so.
    ground: { forgetful: false, ...ground },
  });

const scripts = mutantsOf("examples/server/store/redis/redis-scripts.ts");
const hold = mutantsOf("examples/server/store/redis/redis-hold.ts");
const store = mutantsOf("examples/server/store/redis/redis-store.ts");
const link = mutantsOf("examples/server/store/redis/redis-link.ts");
const reading = mutantsOf("examples/server/store/redis/read-session.ts");
const work = mutantsOf("examples/server/session-work.ts");
const inlet = mutantsOf("examples/server/protocol/audio-inlet.ts");
const outbox = mutantsOf("examples/server/protocol/outbox.ts");

const TAKEOVERS: ClusterGround = {
  faults: ["a node is killed", "a node stands still", "a node is cut off from Redis", "the client's connection breaks"],
};
const FORGETFUL: ClusterGround = { forgetful: true };
const LEAPS: ClusterGround = {
  forgetful: true,
  faults: [
    "the clock of Redis leaps",
    "the client's connection breaks",
    "Redis is slow",
    "a node is cut off from Redis",
  ],
};
const EVICTIONS: ClusterGround = {
  forgetful: true,
  faults: ["Redis drops one key", "a node is killed", "the client's connection breaks"],
};
const PAUSES: ClusterGround = {
  faults: ["a node stands still", "the client's connection breaks", "the client's connection falls silent"],
};
const LATE: ClusterGround = {
  faults: ["a command comes twice", "a node is killed", "Redis is slow", "the client's connection breaks"],
};
const STRANGERS: ClusterGround = {
  faults: ["somebody resumes the session with a wrong secret", "somebody opens the session", "a node is killed"],
};

export const STORE_MUTANTS: readonly StoreMutant[] = [
  // Ownership
  scripts(
    "A node that has lost a session may go on writing.",
    "  if not isMine or isOver then return 'lost' end\n",
    "",
    TAKEOVERS,
  ),
  scripts(
    "A lease is renewed by a node that has lost it.",
    "local isMine =",
    "for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[5]) end\nlocal isMine =",
    TAKEOVERS,
  ),
  scripts(
    "A node puts back a session that another one has.",
    "  if not isOver and held[1] ~= ARGV[1] then return 'lost' end\n",
    "",
    LEAPS,
  ),
  scripts(
    "A node that was paused puts back a session that is over.",
    "  if isOver and held[2] == ARGV[2] then return 'lost' end\n",
    "",
    PAUSES,
  ),
  scripts(
    "Nothing is remembered of a session that is over, so that a paused node puts it back.",
    "redis.call('DEL', KEYS[2], KEYS[3])\nredis.call('HSET', KEYS[1], 'session', '')",
    "redis.call('DEL', unpack(KEYS))",
    PAUSES,
  ),
  scripts(
    "Two nodes claim a session at the same time, and both get it.",
    "if seen[1] ~= ARGV[1] or seen[2] ~= ARGV[2] then return 'again' end\n",
    "",
    {
      faults: [
        "Redis is slow",
        "the client's connection breaks",
        "a connection to Redis breaks, and what is on its way arrives",
      ],
    },
  ),
  scripts(
    "Anybody forgets a session.",
    "if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] or held[3] ~= ARGV[3] then return 'ok' end\n",
    "",
  ),
  scripts(
    "What comes late sets figures back.",
    "if isMine and tonumber(held[7]) >= tonumber(ARGV[4]) then return 'ok' end\n",
    "",
    LATE,
  ),
  hold(
    "A node that is told that it has lost a session keeps it.",
    'if (answer === "lost") this.#lose();\n        else if',
    "if",
    TAKEOVERS,
  ),
  store("Writes of a new owner are taken for late ones of the old.", "{ ...claimed, write: 0 }", "claimed", TAKEOVERS),

  // Acknowledgements
  hold(
    "Audio is acknowledged that is not in the store.",
    "const kept = Math.min(this.#recordedTo, this.#storedTo);",
    "const kept = this.#recordedTo;",
  ),
  hold(
    "Audio is acknowledged that is on no disk.",
    "const kept = Math.min(this.#recordedTo, this.#storedTo);",
    "const kept = this.#storedTo;",
  ),
  hold(
    "A write that was lost counts as done.",
    "    this.#writes += 1;\n",
    "    this.#writes += 1;\n    this.#audio.splice(0, audio.length);\n",
  ),
  hold(
    "A message goes to the client before it is in the store.",
    "    this.#waitingMessages.push({ t, data });\n",
    "    this.#waitingMessages.push({ t, data });\n    this.#options.onEvent(t, data);\n",
  ),
  work("What comes in goes to the disk alone.", "    this.#hold.append(frame);\n", ""),

  // What is in the store
  scripts(
    "Audio that is in the store is put there again.",
    "  if tonumber(to) > tonumber(storedTo) then\n    local fits = ",
    "  if to then\n    local fits = tonumber(to) <= tonumber(storedTo) or ",
  ),
  scripts(
    "Messages that are in the store are put there again.",
    "  if tonumber(ARGV[at]) > tonumber(seq) then\n",
    "  if ARGV[at] then\n",
  ),
  scripts("A hole in the audio is let in.", "    if not fits then return 'behind' end\n", "", FORGETFUL),
  scripts(
    "What is written after Redis has dropped the audio hides that there is a hole before it.",
    "if ARGV[10] == 'audio' and redis.call('EXISTS', KEYS[2]) == 0 then return 'behind' end\n",
    "",
    EVICTIONS,
  ),
  link("A connection that gets nothing through any more is kept.", "          this.#giveUp(client);\n", "", {
    faults: ["a connection to Redis gets nothing through any more", "the client's connection breaks"],
  }),
  hold(
    "What was on no disk is not put back.",
    "if (begins) this.#audio.unshift(...this.#unrecorded.splice(0));",
    "if (begins) this.#unrecorded.splice(0);",
    FORGETFUL,
  ),
  hold(
    "Audio goes from the store before it is on a disk.",
    "stored.find(({ to }) => to > keepFrom)?.from ?? storedTo;",
    "storedTo + 0 * keepFrom;",
    TAKEOVERS,
  ),
  hold(
    "Audio goes from the store before it has its caption.",
    "Math.min(this.#recordedTo, Math.max(captionedTo, storedTo - RETAINED_SEC * this.#rate));",
    "this.#recordedTo + 0 * RETAINED_SEC;",
    TAKEOVERS,
  ),

  // Numbers
  hold(
    "Numbers of messages are used again after a takeover.",
    "this.#seq = taken?.seq ?? 0;",
    "this.#seq = 0;",
    TAKEOVERS,
  ),
  hold(
    "Two messages get one number while a write is repeated.",
    "const first = this.#messages.at(-1)?.seq ?? this.#seq;",
    "const first = this.#seq;",
  ),
  outbox("A node that takes a session over begins to count anew.", "    this.#seq = taken.seq;\n", "", TAKEOVERS),
  outbox(
    "Messages of the node before are not replayed.",
    "this.#messages = taken.messages.map(",
    "this.#messages = [].map(",
    TAKEOVERS,
  ),
  reading(
    "The numbers of messages are read wrongly.",
    "  seq: numberOf(entry),\n",
    "  seq: numberOf(entry) + 1,\n",
    TAKEOVERS,
  ),

  // Takeovers
  work(
    "The recogniser begins again with all that there is.",
    "engineStart: taken?.captionedTo,",
    "engineStart: taken?.audio[0]?.position,",
    TAKEOVERS,
  ),
  work(
    "The recogniser begins where the recording does.",
    "engineStart: taken?.captionedTo,",
    "engineStart: taken?.recordedTo,",
    TAKEOVERS,
  ),
  work(
    "The recogniser begins with what comes next.",
    "engineStart: taken?.captionedTo,",
    "engineStart: taken?.storedTo,",
    TAKEOVERS,
  ),
  hold(
    "It is not remembered how far the captions have come.",
    "Math.max(this.#captionedTo, ...messages.map(endOfFinal));",
    "this.#captionedTo + 0 * messages.map(endOfFinal).length;",
    TAKEOVERS,
  ),
  work(
    "The recording goes on with what comes next.",
    "startPosition: taken?.recordedTo ?? offer.first,",
    "startPosition: taken?.storedTo ?? offer.first,",
    TAKEOVERS,
  ),
  work(
    "Segments of two recognisers have the same names.",
    "lineage: taken === undefined ? lineage :",
    "lineage: true ? lineage :",
    TAKEOVERS,
  ),
  work(
    "What the recogniser before had begun stays open.",
    'if (open.length > 0) this.#hold.emit("asr.void", { segment_ids: open });',
    "",
    TAKEOVERS,
  ),
  inlet(
    "A node that takes over asks again for what is in the store.",
    "this.#expected = options.taken?.storedTo ?? this.#kept;",
    "this.#expected = this.#kept;",
    TAKEOVERS,
  ),
  inlet(
    "What is in the store counts against the client's window.",
    "    this.#expected = options.taken?.storedTo ?? this.#kept;\n",
    "    this.#expected = options.taken?.storedTo ?? this.#kept;\n    if (this.#expected > this.#kept) this.#pending.push({ from: this.#kept, end: this.#expected });\n",
  ),

  // Whose a session is
  store(
    "The secret of another node's session is not compared.",
    "isGoodSecret: (secret) => new ResumeSecrets(createSecret, equalText, head.secrets).isGood(secret),",
    "isGoodSecret: () => true || new ResumeSecrets(createSecret, equalText, head.secrets).isGood(undefined),",
    STRANGERS,
  ),
  store(
    "The new secret is known to one node.",
    "const secrets = withSecret(head.secrets, resume_token, secret);",
    'const secrets = mine ? withSecret(head.secrets, resume_token, "another") : withSecret(head.secrets, resume_token, secret);',
    TAKEOVERS,
  ),
  store(
    "A client that is promised something is promised it before Redis has the session again.",
    "      await hold.putBack();\n      return undefined;\n",
    "      hold.attached(attempt, [secret]);\n      return { ...judgeOpening(opening, held), secret };\n",
    FORGETFUL,
  ),
];

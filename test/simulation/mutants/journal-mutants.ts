import type { PlantedBug } from "../../support/planted-bug.js";
import type { JournalGround } from "../journal/simulate-journal.js";

/** One planted bug of the journal, and where it is hunted. */
export interface JournalMutant extends PlantedBug {
  readonly ground: JournalGround;
}

const mutantsOf =
  (file: string) =>
  (ground: JournalGround, name: string, find: string, replace: string): JournalMutant => ({
    ...{ name, file: `src/journal/${file}`, find, replace, ground },
  });

const writer = mutantsOf("log/journal-writer.ts");
const reader = mutantsOf("log/journal-reader.ts");
const keeper = mutantsOf("worker/journal-keeper.ts");
const shelf = mutantsOf("worker/journal-shelf.ts");

const KILLED: JournalGround = { crash: "kill", full: false };
const POWER: JournalGround = { crash: "power", full: false };

export const JOURNAL_MUTANTS: readonly JournalMutant[] = [
  // What is written
  keeper(KILLED, "Audio waits for half a second.", "const BATCH_MS = 100;", "const BATCH_MS = 500;"),
  keeper(
    { crash: "kill", full: true },
    "What comes while a disk takes things again waits as if it still refused.",
    "this.#isWaiting || this.#writing !== undefined || this.#isBroken",
    "this.#isWaiting || this.#isBroken",
  ),
  writer(
    { crash: "kill", full: true },
    "After a write that failed, the same file is written to.",
    "    this.#isClosed = true;\n    // What was to survive",
    "    // What was to survive",
  ),
  writer(
    { crash: "kill", full: true },
    "What a full disk refused is not tried again.",
    "    this.#frames.unshift(...frames);\n",
    "    void frames;\n",
  ),
  writer(
    KILLED,
    "A new segment does not say what it belongs to.",
    "const state = this.#isClosed || this.#writtenState !== this.#state ?",
    "const state = this.#writtenState !== this.#state ?",
  ),
  writer(
    POWER,
    "Nothing is made to survive a loss of power.",
    "const sync = this.#isClosed || this.#writtenTo > this.#state.settled;",
    "const sync = false;",
  ),
  writer(
    POWER,
    "The end of a segment may not survive a loss of power, though the next one does.",
    "segment.isUnsynced && segment.to",
    "false && segment.to",
  ),
  writer(
    KILLED,
    "A segment goes before all in it is settled.",
    "const isLoss = oldest.to > this.#state.settled;",
    "const isLoss = false;",
  ),
  mutantsOf("log/journal-state.ts")(
    KILLED,
    "What was captured counts as settled.",
    "settled: stats.settledPosition,",
    "settled: stats.capturedPosition,",
  ),

  // What is read
  reader(
    { crash: "kill", full: true },
    "Nothing is read beyond a torn segment.",
    'if (read.kind === "torn") continue;',
    'if (read.kind === "torn") break;',
  ),
  reader({ crash: "lying-disk" }, "A record that is missing is taken for silence.", "(follows || index > 0)", "true"),
  reader(
    KILLED,
    "What is settled is sent again.",
    "this.#frames.filter(({ position, sampleCount }) => position + sampleCount > settled)",
    "this.#frames",
  ),
  reader(
    KILLED,
    "What nothing was captured in counts as lost.",
    "const all = [...present, ...this.#gaps, ...state.absent]",
    "const all = [...present]",
  ),

  // Several pages
  writer(
    KILLED,
    "The next page writes into the files of the one before.",
    "this.#segment = options.after.segment;",
    "this.#segment = 0;",
  ),
  keeper(KILLED, "A recovery that fails erases what it has not sent.", "writtenTo: before?.end ?? 0,", "writtenTo: 0,"),
  shelf(
    KILLED,
    "A journal that another tab has is listed.",
    "if (!(await shelf.lock(journal, own))) continue;",
    "await shelf.lock(journal, own);",
  ),
  shelf(
    KILLED,
    "The key outlives a process that dies while it erases.",
    "  await keys.erase(journal);\n  await store.erase(journal);",
    "  await store.erase(journal);\n  await keys.erase(journal);",
  ),
  shelf(
    KILLED,
    "What another version has written is erased.",
    'if (found.kind !== "nothing") return { found, sealing };',
    'if (found.kind === "content") return { found, sealing };\n  if (found.kind === "other-version") return undefined;',
  ),
];

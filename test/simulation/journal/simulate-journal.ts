import { Scope } from "../../../src/internal/scope.js";
import type { JournalContent } from "../../../src/journal/log/journal-reader.js";
import type { Sealing } from "../../../src/journal/log/sealing.js";
import { recordBytes, segmentHead } from "../../../src/journal/log/segment.js";
import { JournalKeeper } from "../../../src/journal/worker/journal-keeper.js";
import { eraseJournal, findJournal, listJournals, type Shelf } from "../../../src/journal/worker/journal-shelf.js";
import { ManualClock } from "../../support/manual-clock.js";
import { Rng } from "../rng.js";
import { type Crash, SimulatedDisk } from "./simulated-disk.js";
import { SpokenSession } from "./spoken-session.js";

/** Where a planted bug shows itself soonest. */
export interface JournalGround {
  readonly crash?: Crash;
  /** Whether the disk is full for a while. */
  readonly full?: boolean;
}

const JOURNAL = "a-journal";
const STEP_MS = 5;
const DISK_MS = 20;
/** How long a journal may wait before it asks a disk again that was full. */
const RETRY_MS = 1_500;
/** What a crash may take along: a batch that waits, one that is being written, and the disk's own time for both. */
const MOST_LOST_MS = 200 + 2 * DISK_MS;

/** Encrypts nothing, and knows each record again by its number and a sum. */
const plainSealing: Sealing = {
  seal: async (plain, record) =>
    Uint8Array.of(
      record & 255,
      plain.reduce((sum, byte) => (sum + byte) & 255, 0),
      ...plain,
    ),
  async open(body, record) {
    const plain = body.slice(2);
    const isRight = body[0] === (record & 255) && body[1] === plain.reduce((sum, byte) => (sum + byte) & 255, 0);
    if (!isRight) throw new Error("It is not what was sealed.");
    return plain;
  },
};

/** Lets everything run that needs no time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}

class World {
  readonly clock = new ManualClock();
  readonly rng: Rng;
  readonly disk: SimulatedDisk;
  readonly #locked = new Set<string>();
  readonly faults: string[] = [];

  constructor(seed: number) {
    this.rng = new Rng(seed);
    this.disk = new SimulatedDisk(this.clock, this.rng, DISK_MS);
  }

  /** What one tab has: locks end with its scope. */
  get shelf(): Shelf<string> {
    return {
      store: this.disk,
      keys: this.disk.keys,
      makeKey: async () => "key",
      sealing: () => plainSealing,
      lock: async (journal, scope) => {
        if (this.#locked.has(journal)) return false;
        this.#locked.add(journal);
        scope.defer("lock", () => this.#locked.delete(journal));
        return true;
      },
      now: () => 1_000_000 + this.clock.now(),
    };
  }

  scope(name: string): Scope {
    return new Scope({ name, clock: this.clock });
  }

  async run(ms: number, each: (now: number) => void = () => {}): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) {
      this.clock.advance(STEP_MS);
      each(this.clock.now());
      await settle();
    }
  }

  check(isRight: boolean, fault: string): void {
    if (!isRight) this.faults.push(fault);
  }
}

/** Speaks into a journal, crashes, and looks what is left. @returns what was wrong; nothing, if all is well. */
export async function simulateJournal(seed: number, ground: JournalGround = {}): Promise<string[]> {
  const world = new World(seed);
  const { rng, clock, disk, shelf } = world;
  const crash = ground.crash ?? rng.pick(["kill", "power", "lying-disk"]);
  const isFullOnce = ground.full ?? rng.chance(0.2);
  const session = new SpokenSession(rng);
  const page = world.scope("page");
  await shelf.lock(JOURNAL, page);
  await disk.keys.add(JOURNAL, "key");
  const keeper = new JournalKeeper({
    ...{ journal: JOURNAL, store: disk, sealing: plainSealing, scope: page, maxBytes: 1e9, segmentBytes: 2_000 },
    subject: session.subject,
    now: () => shelf.now(),
    onProblem: () => {},
  });
  const lifeMs = rng.whole(50, 9_000);
  const fullFrom = isFullOnce ? rng.between(0, lifeMs) : Number.POSITIVE_INFINITY;
  const fullTo = fullFrom + rng.between(100, 4_000);
  await world.run(lifeMs, (now) => {
    disk.isFull = now >= fullFrom && now < fullTo;
    for (const event of session.advance(now)) {
      if ("payload" in event) keeper.push(event);
      else keeper.note(event);
    }
  });

  // Another tab looks while this one has it.
  const other = world.scope("other tab");
  world.check((await listJournals(shelf, other)).length === 0, "Another tab was shown a journal that is in use.");
  world.check((await disk.keys.names()).length === 1, "Another tab has erased the key of a journal that is in use.");
  await other.dispose();

  disk.crash(crash);
  await page.dispose();
  // After a full disk it takes a moment until everything is written that had to wait.
  const isHonest = crash !== "lying-disk" && (clock.now() < fullFrom || clock.now() > fullTo + RETRY_MS);
  const found = await findJournal(shelf, JOURNAL);
  const content = found?.found.kind === "content" ? found.found.content : undefined;
  if (content === undefined) {
    world.check(!isHonest || lifeMs < MOST_LOST_MS + STEP_MS, `Nothing can be read after ${lifeMs} ms.`);
    return world.faults;
  }
  judge(world, session, content, isHonest, clock.now());
  await goOn(world, session, content);
  await beSeveral(world);
  return world.faults;
}

/** Everything is kept, settled, or told as missing; and on a disk that keeps its word, only the very last is missing. */
function judge(world: World, session: SpokenSession, content: JournalContent, isHonest: boolean, now: number): void {
  const { state, frames, holes, end } = content;
  world.check(state.settled <= session.settled, `It says that ${state.settled} is settled, and ${session.settled} is.`);
  let next = 0;
  for (const frame of frames) {
    world.check(frame.position >= next, `The frame at ${frame.position} comes twice, or too late.`);
    world.check(session.isSpoken(frame), `The frame at ${frame.position} is not what was spoken.`);
    next = frame.position + frame.sampleCount;
  }
  const present = new Set(frames.map(({ position }) => position));
  for (const { frame, at } of session.spoken) {
    const { position, sampleCount } = frame;
    if (position + sampleCount <= state.settled || present.has(position)) continue;
    const isTold = position >= end || holes.some(({ from, to }) => from <= position && to >= position + sampleCount);
    world.check(isTold, `The frame at ${position} is missing without a word.`);
    const mayBeMissing = !isHonest || position + sampleCount <= session.settled || at >= now - MOST_LOST_MS;
    world.check(mayBeMissing, `The frame at ${position}, which came ${now - at} ms before the end, is missing.`);
  }
  for (const { from, to } of holes) {
    world.check(
      !frames.some((frame) => frame.position < to && frame.position + frame.sampleCount > from),
      `${from} is a hole, and is there.`,
    );
    world.check(
      !isHonest || session.wasSpokenIn(from, to),
      `Nothing was spoken from ${from} to ${to}, which is called a hole.`,
    );
  }
}

/** The next page sends it to another session, and is killed as well: what the server has got by then is not sent again. */
async function goOn(world: World, session: SpokenSession, content: JournalContent): Promise<void> {
  const { disk, shelf } = world;
  const page = world.scope("next page");
  await shelf.lock(JOURNAL, page);
  const keeper = new JournalKeeper({
    ...{ journal: JOURNAL, store: disk, sealing: plainSealing, scope: page, maxBytes: Number.POSITIVE_INFINITY },
    ...{ subject: content.state, before: content },
    now: () => shelf.now(),
    onProblem: () => {},
  });
  const renamed = keeper.rename({ sessionId: "another-session", clientId: "another-client" });
  await world.run(100);
  await renamed;
  const hasAll = content.end === content.state.settled && content.state.losses.length === 0;
  world.check(keeper.isSettled === hasAll, "A page that has sent nothing would erase what there is to send.");
  const settled = content.frames.at(-1)?.position ?? content.state.settled;
  keeper.note(session.checkpoint({ settledPosition: settled }));
  await world.run(300);
  disk.crash("kill");
  await page.dispose();
  const again = await findJournal(shelf, JOURNAL);
  const left = again?.found.kind === "content" ? again.found.content : undefined;
  world.check(left !== undefined, "After the second crash nothing can be read.");
  if (left === undefined) return;
  world.check(
    left.state.sessionId === "another-session",
    "After the second crash the audio belongs to the first session.",
  );
  world.check(left.state.settled === settled, `The server has ${settled}, and ${left.state.settled} is known.`);
  world.check(
    left.frames.length === (content.frames.length > 0 ? 1 : 0),
    `There are still ${left.frames.length} frames to send.`,
  );
}

/** A journal of another version is left alone, one that is erased cannot be read, and one that is too old is erased. */
async function beSeveral(world: World): Promise<void> {
  const { disk, shelf, rng } = world;
  const scope = world.scope("later tab");
  const later = segmentHead(0);
  later[3] = 9;
  const { crc32 } = await import("../../../src/journal/log/crc32.js");
  new DataView(later.buffer).setUint32(8, crc32(later.subarray(0, 8)), true);
  await disk.keys.add("later", "key");
  disk.plant("later/0", later);
  await disk.keys.add("nonsense", "key");
  disk.plant(
    "nonsense/0",
    Uint8Array.of(...segmentHead(0), ...recordBytes({ number: 1, body: Uint8Array.of(1, 2, 3) })),
  );
  disk.plant("without-key/0", segmentHead(0));
  const names = (list: readonly { readonly journal: string; readonly problem: string | undefined }[]): string =>
    list
      .map(({ journal, problem }) => `${journal}: ${problem}`)
      .sort()
      .join(", ");
  const first = names(await listJournals(shelf, scope));
  world.check(first === "a-journal: undefined, later: other-version, nonsense: damaged", `The list is ${first}.`);
  world.check(!(await disk.names()).includes("without-key"), "What has no key is still there.");
  // The process dies after the key is gone, and before the rest is.
  const erase = eraseJournal(
    { ...shelf, store: { ...nothing, erase: () => Promise.reject(new Error("It died.")) } },
    JOURNAL,
  ).catch(() => {});
  await erase;
  if (rng.chance(0.5)) disk.crash("power");
  const second = names(await listJournals(shelf, scope));
  world.check(second === "later: other-version, nonsense: damaged", `After the erasure the list is ${second}.`);
  world.check(!(await disk.names()).includes(JOURNAL), "What was erased is still there.");
  await scope.dispose();
}

const nothing = {
  names: async () => [],
  append: async () => {},
  sync: async () => {},
  remove: async () => {},
  read: async () => [],
  close() {},
};

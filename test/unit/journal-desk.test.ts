import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FromJournal, ToJournal } from "../../src/journal/journal-messages.js";
import type { StoredSegment } from "../../src/journal/log/journal-reader.js";
import { JournalDesk } from "../../src/journal/worker/journal-desk.js";
import type { Shelf } from "../../src/journal/worker/journal-shelf.js";
import type { Bytes } from "../../src/protocol/bytes.js";

const SUBJECT = {
  ...{ startedAt: 0, maxAgeMs: 1e9, sessionId: "a-session", clientId: "a-client" },
  format: { encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 },
} as const;
const KEEP: ToJournal = { type: "keep", journal: "a-journal", subject: SUBJECT, maxBytes: 1e9 };

/** What all tabs share. */
class Disk {
  readonly files = new Map<string, Bytes[]>();
  readonly names = new Set<string>();
  readonly locked = new Set<string>();
  /** Comes before each step that writes. */
  obstacle = async (): Promise<void> => {};
  /** How long reading takes, in milliseconds. */
  readMs = 0;

  async open(): Promise<Shelf<string>> {
    return {
      store: {
        names: async () => [...this.files.keys()],
        append: async (journal, _, bytes) => {
          await this.obstacle();
          this.files.set(journal, [...(this.files.get(journal) ?? []), bytes]);
        },
        sync: async () => {},
        remove: async () => {},
        read: async (journal): Promise<StoredSegment[]> => {
          await new Promise((resolve) => setTimeout(resolve, this.readMs));
          const bytes = Uint8Array.from((this.files.get(journal) ?? []).flatMap((part) => [...part]));
          return [{ number: 1, bytes }];
        },
        erase: async (journal) => void this.files.delete(journal),
        close() {},
      },
      keys: {
        names: async () => [...this.names],
        add: async (journal) => {
          await this.obstacle();
          this.names.add(journal);
        },
        get: async (journal) => (this.names.has(journal) ? journal : undefined),
        erase: async (journal) => void this.names.delete(journal),
      },
      makeKey: async () => "key",
      sealing: () => ({ seal: async (plain) => plain, open: async (body) => body }),
      lock: async (journal, scope) => {
        if (this.locked.has(journal)) return false;
        this.locked.add(journal);
        scope.defer("lock", () => this.locked.delete(journal));
        return true;
      },
      now: () => performance.timeOrigin + performance.now(),
    };
  }
}

/** A worker of one tab. */
class Tab {
  static all: Tab[] = [];
  readonly told: FromJournal[] = [];
  readonly #thread = Object.assign(new EventTarget(), {
    postMessage: (message: FromJournal) => void this.told.push(message),
    close() {},
  });

  constructor(open: () => Promise<Shelf<string>>) {
    new JournalDesk(this.#thread, open);
    Tab.all.push(this);
  }

  async ask(message: ToJournal, ms = 50): Promise<void> {
    this.#thread.dispatchEvent(new MessageEvent("message", { data: message }));
    await vi.advanceTimersByTimeAsync(ms);
  }

  async speak(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    await this.ask({ type: "port", port: port2 });
    port1.postMessage({ position: 0, sampleCount: 2, payload: new ArrayBuffer(4), flags: 0 });
    port1.close();
  }

  get problems(): string[] {
    return this.told.flatMap((message) => (message.type === "problem" ? [message.problem] : []));
  }

  get listed(): string[] {
    return this.told.flatMap((message) =>
      message.type === "listed" ? message.journals.map(({ journal }) => journal) : [],
    );
  }
}

let disk: Disk;
beforeEach(() => {
  vi.useFakeTimers();
  disk = new Disk();
});
afterEach(async () => {
  for (const tab of Tab.all.splice(0)) await tab.ask({ type: "end", erase: true }, 20_000);
  vi.useRealTimers();
});

/** A tab that has kept something, and has been killed. */
async function killedTab(): Promise<void> {
  await new Tab(() => disk.open()).ask(KEEP);
  disk.locked.clear();
}

const full = () => Promise.reject(new DOMException("No room.", "QuotaExceededError"));
const never = () => new Promise<never>(() => {});

describe("a journal that cannot be begun", () => {
  it("for want of room says so, and is begun as soon as there is some", async () => {
    disk.obstacle = full;
    const tab = new Tab(() => disk.open());
    await tab.ask(KEEP);
    expect(tab.problems).toEqual(["storage-full"]);
    disk.obstacle = async () => {};
    await tab.speak();
    await vi.waitFor(() => expect([...disk.files.keys()]).toEqual(["a-journal"]), 5_000);
    expect([tab.problems, [...disk.names]]).toEqual([["storage-full"], ["a-journal"]]);
  });

  it.each([
    ["storage-full", new DOMException("No room.", "QuotaExceededError")],
    ["other-version", new DOMException("The requested version is less than the existing one.", "VersionError")],
    ["no-storage", new DOMException("Not in private windows.", "SecurityError")],
    ["no-storage", "anything"],
  ])("for want of a place says %s", async (problem, cause) => {
    const tab = new Tab(() => Promise.reject(cause));
    await tab.ask(KEEP);
    expect(tab.problems).toEqual([problem]);
    await tab.ask({ type: "list" });
    expect(tab.problems).toEqual([problem, problem]);
  });

  it.each([
    ["the place is not opened", () => new Tab(never)],
    [
      "the key is not taken",
      () => {
        disk.obstacle = never;
        return new Tab(() => disk.open());
      },
    ],
  ])("because %s and nothing is answered says so after ten seconds", async (_, begin) => {
    const tab = begin();
    await tab.ask(KEEP, 9_000);
    expect(tab.problems).toEqual([]);
    await tab.ask({ type: "rename", sessionId: "b", clientId: "b" }, 2_000);
    expect(tab.problems).toEqual(["storage-failed"]);
    expect(tab.told.at(-1)).toEqual({ type: "renamed" });
  });
});

describe("several tabs", () => {
  it("that look at the same time all find what was left", async () => {
    await killedTab();
    disk.readMs = 100;
    const tabs = [1, 2, 3].map(() => new Tab(() => disk.open()));
    for (const tab of tabs) await tab.ask({ type: "list" }, 0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(tabs.map(({ listed }) => listed)).toEqual([["a-journal"], ["a-journal"], ["a-journal"]]);
  });

  it.each([{ type: "resume", journal: "a-journal" } as const, { type: "erase", journal: "a-journal" } as const])(
    "do not take for in use what another one only looks at: $type",
    async (task) => {
      await killedTab();
      disk.readMs = 100;
      const [looking, doing] = [new Tab(() => disk.open()), new Tab(() => disk.open())];
      await looking.ask({ type: "list" }, 10);
      await doing.ask(task, 1_000);
      expect(doing.problems).toEqual([]);
      expect(doing.told.at(-1)?.type).toBe(task.type === "resume" ? "content" : "erased");
      expect(looking.listed).toEqual(["a-journal"]);
    },
  );

  it("do not wait for ever for one that is frozen while it looks", async () => {
    await killedTab();
    disk.locked.add("");
    const tab = new Tab(() => disk.open());
    await tab.ask({ type: "list" }, 6_000);
    expect(tab.listed).toEqual(["a-journal"]);
  });

  it("leave a journal to the one that has it", async () => {
    const [owner, other] = [new Tab(() => disk.open()), new Tab(() => disk.open())];
    await owner.ask(KEEP);
    await other.ask({ type: "list" });
    expect(other.told.at(-1)).toEqual({ type: "listed", journals: [] });
    await other.ask({ type: "resume", journal: "a-journal" });
    expect(other.problems).toEqual(["in-use"]);
    expect([...disk.names]).toEqual(["a-journal"]);
  });
});

describe("a recovery that has failed", () => {
  it("leaves everything for the next one", async () => {
    const page = new Tab(() => disk.open());
    await page.ask(KEEP);
    await page.speak();
    await vi.waitFor(() => expect(disk.files.get("a-journal")?.length).toBe(2), 5_000);
    disk.locked.clear();
    for (const _ of [1, 2]) {
      const tab = new Tab(() => disk.open());
      await tab.ask({ type: "resume", journal: "a-journal" });
      expect(tab.told.at(-1)).toMatchObject({ type: "content", content: { end: 2, frames: [{ position: 0 }] } });
      await tab.ask({ type: "end", erase: false });
      expect(tab.told.at(-1)).toEqual({ type: "gone" });
    }
    expect([...disk.names]).toEqual(["a-journal"]);
  });
});

describe("a journal that nobody wants any more", () => {
  it("cannot be read from the moment on, however slow the disk is", async () => {
    const tab = new Tab(() => disk.open());
    await tab.ask(KEEP);
    let isWriting = false;
    disk.obstacle = () => {
      isWriting = true;
      return new Promise((resolve) => setTimeout(resolve, 5_000));
    };
    await tab.speak();
    await vi.waitFor(() => expect(isWriting).toBe(true), 5_000);
    await tab.ask({ type: "end", erase: true }, 100);
    expect([...disk.names]).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([...disk.names, ...disk.files.keys()]).toEqual([]);
    expect(tab.told.at(-1)).toEqual({ type: "gone" });
  });
});

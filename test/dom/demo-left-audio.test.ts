import { AudioStreamError } from "loquilex";
import type { LeftStream, RecoveredAudio } from "loquilex/journal";
import { Scope } from "loquilex/resources";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PageElements } from "../../examples/demo/page/page-elements.js";
import { LeftAudio } from "../../examples/demo/stream/left-audio.js";
import { openDemoPage, textOf } from "../support/demo-page.js";

const journal = vi.hoisted(() => ({ found: [] as unknown[], discarded: false }));
vi.mock("loquilex/journal", () => ({
  recoverStreams: async () => {
    if (journal.found.length > 0 && journal.found[0] instanceof Error) throw journal.found[0];
    return journal.found;
  },
  wasDiscarded: () => journal.discarded,
  persistentJournal: () => undefined,
}));

const recovered = (some: Partial<RecoveredAudio> = {}): RecoveredAudio => ({
  ...{ sessionId: "s", resumed: true, durationMs: 2_000, lost: [], knownTo: 32_000, sampleRate: 16_000 },
  ...some,
});

const left = (some: Partial<Pick<LeftStream, "durationMs" | "leftAt" | "error">> = {}) => ({
  ...{ sessionId: "s", startedAt: 1, leftAt: Date.UTC(2026, 10, 27, 12), durationMs: 2_000, error: undefined },
  ...some,
  recover: vi.fn<LeftStream["recover"]>(async () => recovered()),
  discard: vi.fn<LeftStream["discard"]>(async () => {}),
});

let page: PageElements;
let life: Scope;
beforeEach(() => {
  page = openDemoPage();
  life = new Scope({ name: "page" });
  journal.discarded = false;
});
afterEach(() => life.dispose());

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const shown = () => ({ send: !page.leftSend.hidden, discard: !page.leftDiscard.hidden });

async function look(...found: readonly unknown[]): Promise<LeftAudio> {
  journal.found = [...found];
  const audio = new LeftAudio(page, life, new URL("ws://localhost/v1/stream"));
  audio.look();
  await settle();
  return audio;
}

describe("the offer of the demo to send what was left", () => {
  it.each([
    ["nothing", []],
    ["what cannot be looked for", [new Error("There is no disk.")]],
  ])("is not made for %s", async (_, found) => {
    await look(...found);
    expect(page.left.hidden).toBe(true);
  });

  it("is not made for what the server has, which is erased", async () => {
    const complete = left({ durationMs: 0 });
    await look(complete);
    expect(complete.discard).toHaveBeenCalledTimes(1);
    expect(page.left.hidden).toBe(true);
  });

  it("says how much of all that is there, and from when the latest is", async () => {
    await look(left(), left({ durationMs: 5_500, leftAt: Date.UTC(2026, 11, 3, 12) }));
    expect(textOf("#left-words")).toMatch(
      /^7\.5 s of sound from Dec 3, 2026, .+ did not reach the server\. It is kept on this device\.$/,
    );
    expect(shown()).toEqual({ send: true, discard: true });
  });

  it("offers only to discard what nobody can read, and says why", async () => {
    const error = new AudioStreamError("journal-unavailable", "It is of another version.", {
      details: { reason: "other-version" },
    });
    const unreadable = left({ error, durationMs: 0 });
    await look(unreadable);
    expect([textOf("#left-words"), shown()]).toEqual(["It is of another version.", { send: false, discard: true }]);
    page.leftDiscard.click();
    await settle();
    expect([textOf("#left-words"), shown()]).toEqual(["It is gone.", { send: false, discard: false }]);
    expect(unreadable.discard).toHaveBeenCalledTimes(1);
  });

  it("sends one after the other with the token of the page, says what is lost, and is over", async () => {
    page.token.value = "secret";
    const first = left();
    const second = left();
    second.recover.mockResolvedValue(recovered({ lost: [{ from: 0, to: 8_000 }] }));
    await look(first, second);
    page.leftSend.click();
    expect(page.leftSend.getAttribute("aria-disabled")).toBe("true");
    page.leftSend.click();
    await settle();
    expect(first.recover).toHaveBeenCalledTimes(1);
    expect(await first.recover.mock.calls[0]?.[1]?.getToken?.({} as never)).toBe("secret");
    expect(textOf("#left-words")).toBe("The server has it, but for 500 ms that were lost.");
    expect(shown()).toEqual({ send: false, discard: false });
  });

  it("says why it could not be sent, and stands as it was, without what has arrived", async () => {
    const [first, second] = [left(), left()];
    second.recover.mockRejectedValueOnce(new Error("The server does not answer."));
    await look(first, second);
    page.leftSend.click();
    await settle();
    expect(textOf("#left-words")).toBe("The server does not answer. It is still kept on this device.");
    expect(shown()).toEqual({ send: true, discard: true });
    page.leftSend.click();
    await settle();
    expect([first.recover.mock.calls.length, second.recover.mock.calls.length]).toEqual([1, 2]);
    expect(textOf("#left-words")).toBe("The server has all 2.0 s of it.");
  });

  it("lets what is being sent be discarded, once the sending has ended", async () => {
    const one = left();
    const order: string[] = [];
    one.recover.mockImplementation(
      (_, options) =>
        new Promise((_resolve, reject) => {
          options?.signal?.addEventListener("abort", () => {
            setTimeout(() => {
              order.push("ended");
              reject(options.signal?.reason);
            }, 1);
          });
        }),
    );
    one.discard.mockImplementation(async () => void order.push("discarded"));
    await look(one);
    page.leftSend.click();
    await settle();
    page.leftDiscard.click();
    await settle();
    await settle();
    expect(order).toEqual(["ended", "discarded"]);
    expect(textOf("#left-words")).toBe("It is gone.");
  });

  it("is made anew for what a stream leaves that fails, and hands the focus on when it is over", async () => {
    vi.useFakeTimers();
    journal.found = [];
    const audio = new LeftAudio(page, life, new URL("ws://localhost/v1/stream"));
    journal.found = [left()];
    audio.lookSoon();
    await vi.advanceTimersByTimeAsync(1_500);
    vi.useRealTimers();
    expect(page.left.hidden).toBe(false);
    page.leftSend.focus();
    page.leftSend.click();
    await settle();
    expect(document.activeElement).toBe(page.start);
  });
});

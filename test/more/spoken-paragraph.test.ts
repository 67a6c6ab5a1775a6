import type { AudioStream } from "loquilex";
import { expect, inject, it, vi } from "vitest";
import { expectReleased } from "../browser/released.js";
import { html, TestSite } from "../browser/test-site.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { ServiceHost, type WireMessage } from "../support/dialects/speech-service.js";
import { SphinxRecognisers } from "../support/dialects/sphinx-recognisers.js";
import { VoskService } from "../support/dialects/vosk-service.js";
import { speakWithFlite } from "../support/flite.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { countWordErrors, type WordErrors, wordsOf } from "../support/word-errors.js";

/** Sentences that this recogniser understands from this voice, so that a word that is missing or comes twice shows. */
const PARAGRAPH = [
  "My brother works in a small office near the station.",
  "The train to the city leaves at seven in the morning.",
  "I would like a cup of coffee and a piece of bread.",
  "The doctor said that everything was going to be fine.",
  "There is a letter for you on the kitchen table.",
  "It was raining when we came back from the mountains.",
  "I think that we should wait until the rain has stopped.",
  "We have been waiting for an answer since last week.",
];
const PAUSE_MS = 900;

/** Silence before the voice, so that both streams run when it begins, and after it. */
const LEAD_MS = 4_000;
const TAIL_MS = 1_500;
/** A busy browser is late with its own microphone. */
const LATE_MS = 10_000;
/** Connections to the recogniser that need not wait for its model: three over the cuts, and the one beside. */
const SESSIONS = 4;
/** A busy machine understands more slowly than somebody speaks; so long, and the pages hold audio for as long. */
const PATIENCE_MS = 240_000;
const WAIT = { timeout: PATIENCE_MS, interval: 20 };
/** A sentence that was cut is understood anew by a recogniser that does not know the voice yet. */
const MORE_ERRORS = 3;
/** What the page shows of a partial caption before the connection is cut in its middle. */
const WORDS_BEFORE_CUT = 3;

/** A page with two streams of one microphone, and the captions of both. */
const PAGE = html(`
  <button>Start</button>
  <section id="cut"><ol></ol><p></p></section>
  <section id="whole"><ol></ol><p></p></section>
  <script type="module">
    import { AudioStream, createMicrophoneStream, createTranscript, mediaStream } from "/dist/index.js";
    import { vosk } from "/dist/dialects/vosk.js";
    const address = new URLSearchParams(location.search);
    // The recogniser may be slower than the voice, and what it has not understood is not to be dropped for that.
    const replay = { maxDurationMs: ${PATIENCE_MS}, maxBytes: ${PATIENCE_MS} * 32 };
    const show = (stream, name) => {
      const [list, now] = document.getElementById(name).children;
      const transcript = createTranscript(stream);
      transcript.subscribe(() => {
        list.replaceChildren(...transcript.finals.map(({ text }) => {
          const item = document.createElement("li");
          item.textContent = text;
          return item;
        }));
        now.textContent = transcript.partial?.text ?? "";
      });
      stream.addEventListener("drop", () => drops.push(name));
    };
    globalThis.drops = [];
    document.querySelector("button").onclick = async () => {
      const microphone = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      const cut = createMicrophoneStream(vosk(address.get("cut")), { microphone, replay });
      show(cut, "cut");
      await cut.start();
      const parts = { source: mediaStream(cut.track), transport: vosk(address.get("whole")) };
      const whole = new AudioStream(parts, { replay });
      show(whole, "whole");
      await whole.start();
      globalThis.streams = [whole, cut];
    };
  </script>`);

declare global {
  /** Names of the streams that have lost audio. */
  var drops: readonly string[];
  /** The one beside, and the one whose connection is cut. */
  var streams: readonly [AudioStream, AudioStream];
}

/** Counts the final texts that it has said, whoever got them. */
class CountingVosk extends VoskService {
  finals = 0;

  override accept(caller: Parameters<VoskService["accept"]>[0]): ReturnType<VoskService["accept"]> {
    const send = (message: WireMessage): void => {
      if (/"text": "./.test(String(message))) this.finals += 1;
      caller.send(message);
    };
    return super.accept({ ...caller, send });
  }
}

const describeErrors = ({ rate, wrong, left, added, spoken }: WordErrors): string =>
  `${(100 * rate).toFixed(1)} % of ${spoken} words (${wrong} wrong, ${left} left out, ${added} added)`;

it("shows every word of a paragraph once that flite speaks to a Vosk server, over a connection that is cut twice", async () => {
  const wav = await speakWithFlite(await temporaryFolder(), PARAGRAPH, PAUSE_MS);
  await using recognisers = await SphinxRecognisers.load(SESSIONS);
  const open = (sampleRate: number) => recognisers.open(sampleRate);
  const service = new CountingVosk(open);
  await using cutHost = await ServiceHost.listen(service);
  await using wholeHost = await ServiceHost.listen(new VoskService(open));
  await using proxy = await TcpProxy.listen({ targetPort: cutHost.port });
  await using site = await TestSite.serve({ "/": { html: PAGE } });
  await using browser = await ChromiumPage.launch({
    executablePath: inject("chromiumPath"),
    microphone: { what: { wav }, leadMs: LEAD_MS, tailMs: TAIL_MS },
  });
  const { page, speech } = browser;
  const partialWords = async (): Promise<number> => wordsOf((await page.locator("#cut p").textContent()) ?? "").length;
  const amidSentence = (): Promise<boolean> =>
    vi.waitUntil(async () => (await partialWords()) >= WORDS_BEFORE_CUT, WAIT);
  const finals = (name: string): Promise<string[]> => page.locator(`#${name} li`).allInnerTexts();

  await page.goto(site.url(`/?cut=ws://127.0.0.1:${proxy.port}/&whole=ws://127.0.0.1:${wholeHost.port}/`));
  await page.getByRole("button").click();
  // In the middle of a sentence of which some words are shown.
  await vi.waitUntil(() => service.finals > 0, WAIT);
  await amidSentence();
  proxy.reset();
  await vi.waitUntil(() => cutHost.sockets.length === 2, WAIT);
  const again = service.finals;
  // After the words of another one were final, and before the page could hear so.
  await vi.waitUntil(() => service.finals > again, WAIT);
  await amidSentence();
  proxy.hold("toClient");
  const held = service.finals;
  await vi.waitUntil(() => service.finals > held, WAIT);
  proxy.reset();
  proxy.pass("toClient");
  await vi.waitUntil(() => cutHost.sockets.length >= 3, WAIT);

  const durationMs = speech?.durationMs ?? 0;
  const captured = (): Promise<number> => page.evaluate(async () => (await streams[1].getStats()).capturedDurationMs);
  const areSaid = async (): Promise<boolean> =>
    (await Promise.all([finals("cut"), finals("whole")])).every(({ length }) => length >= PARAGRAPH.length);
  await vi.waitUntil(async () => (await captured()) >= durationMs + LATE_MS || (await areSaid()), WAIT);
  const outcomes = await page.evaluate(async (timeoutMs) => {
    for (const stream of streams) await stream.close({ timeoutMs });
    return Promise.all(streams.map(async ({ closed }) => (await closed).outcome));
  }, PATIENCE_MS);
  const [cut, whole] = [await finals("cut"), await finals("whole")];
  const spoken = PARAGRAPH.join(" ");
  const [cutErrors, wholeErrors] = [cut, whole].map((texts) => countWordErrors(spoken, texts.join(" ")));
  if (cutErrors === undefined || wholeErrors === undefined) throw new Error("There are no texts.");
  console.log(
    `Word errors over a connection that was cut twice: ${describeErrors(cutErrors)}; ` +
      `at the same time over one that was not: ${describeErrors(wholeErrors)}.`,
  );
  console.log(cut.join("\n"));
  expect(outcomes).toEqual(["closed", "closed"]);
  expect(await page.evaluate(() => drops)).toEqual([]);
  expect(wholeErrors.rate, "Without cuts: did the browser stumble over its own microphone?").toBeLessThan(0.1);
  // As many utterances as sentences, each where it belongs: none is missing, and none is there twice.
  expect(cut).toHaveLength(PARAGRAPH.length);
  for (const [index, text] of cut.entries())
    expect(countWordErrors(PARAGRAPH[index] ?? "", text).rate, text).toBeLessThan(0.5);
  expect(cutErrors.wrong + cutErrors.left + cutErrors.added).toBeLessThanOrEqual(
    wholeErrors.wrong + wholeErrors.left + wholeErrors.added + MORE_ERRORS,
  );
  await expectReleased(browser);
  expect(browser.pageErrors).toEqual([]);
});

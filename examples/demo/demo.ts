import {
  type AudioStream,
  checkSupport,
  isAudioStreamError,
  preloadWorklet,
  type SamplesSource,
  watchMicrophones,
} from "loquilex";
import { Scope } from "loquilex/resources";
import { ERROR_TITLES } from "./page/error-titles.js";
import { milliseconds } from "./page/format.js";
import { findPage } from "./page/page-elements.js";
import { showMicrophones } from "./page/show-microphones.js";
import { isRunning, showError, showSituation } from "./page/show-situation.js";
import { AT_REST } from "./page/situation.js";
import type { Range } from "./plot/plot.js";
import { Faults } from "./server/faults.js";
import { fetchOffer, NO_OFFER } from "./server/server-offer.js";
import { SessionApi } from "./server/session-api.js";
import { showKept } from "./server/show-kept.js";
import { followStream } from "./stream/follow-stream.js";
import { LeftAudio } from "./stream/left-audio.js";
import { openSample } from "./stream/sample-clip.js";
import { serverAddress } from "./stream/server-address.js";
import { chosenMicrophone, makeStream, WORKLET_URL } from "./stream/start-stream.js";

/** Long enough for a recogniser that lags behind; who does not want to wait presses Stop now. */
const CLOSE_TIMEOUT_MS = 20_000;
/** A second press within this time is one too many, and no change of mind. */
const DOUBLE_PRESS_MS = 500;

const page = findPage(document);
const demo = new Scope({ name: "demo" });
const faults = new Faults(page, demo);
let offer = NO_OFFER;
let left: LeftAudio | undefined;
let current: AudioStream | undefined;
let shown = demo.child("stream");
let refresh = (): void => {};
let startedAt = Number.NEGATIVE_INFINITY;
let released = false;
/** The microphone that the stream was asked for. */
let asked: string | undefined;

prepare();

function prepare(): void {
  let server: URL;
  try {
    server = serverAddress(location);
  } catch (error) {
    page.start.disabled = true;
    page.sample.disabled = true;
    showError(page, "The server's address is wrong", sentenceOf(error));
    return;
  }
  page.server.textContent = `${server.origin}${server.pathname}`;
  showSituation(page, AT_REST);
  demo.listen(page.start, "click", ({ timeStamp }: Event) => press(server, timeStamp));
  demo.listen(page.sample, "click", () => void startSample(server));
  demo.listen(page.mute, "click", toggleMute);
  demo.listen(page.microphone, "change", () => act(switchMicrophone));
  demo.listen(page.pause, "click", () => act(togglePause));
  demo.listen(page.more, "click", () => openPanel(page.panel.hidden === true));
  demo.listen(document, "keydown", pressKey);
  const isOwn = new URL(location.href).searchParams.get("server") === null;
  if (isOwn) {
    void fetchOffer(demo.signal).then((offered) => {
      offer = offered;
      faults.offer(offered.faults);
    });
  } else faults.offer(false);
  // Where it is not supported, Start says why.
  if (!checkSupport().supported) return;
  watchMicrophones((microphones) => showMicrophones(page, microphones), { signal: demo.signal });
  // So that a server that is away for a while does not stop Start, which says it if the file is not to be had.
  preloadWorklet(WORKLET_URL).catch(() => {});
  left = new LeftAudio(page, demo, server);
  left.look();
}

function openPanel(isOpen: boolean): void {
  page.panel.hidden = !isOpen;
  page.more.setAttribute("aria-expanded", String(isOpen));
}

function pressKey(event: Event): void {
  const { key, repeat, target } = event as KeyboardEvent;
  // A key that is held presses a button again and again: Start, Stop, Stop now.
  if (key === "Enter" && repeat && target instanceof HTMLButtonElement) event.preventDefault();
  if (key !== "Escape" || page.panel.hidden || !(target instanceof Node)) return;
  if (target !== page.more && !page.panel.contains(target)) return;
  openPanel(false);
  page.more.focus();
}

function press(server: URL, timeStamp: number): void {
  if (current !== undefined && isRunning(current.state)) {
    if (timeStamp - startedAt > DOUBLE_PRESS_MS) act(stop);
    return;
  }
  start(server, undefined);
  // From the end of the work, in which a busy page may have taken longer than a person.
  startedAt = performance.now();
}

async function startSample(server: URL): Promise<void> {
  if (page.sample.ariaDisabled === "true") return;
  // Not disabled, which would drop the focus of whoever has just pressed it.
  page.sample.ariaDisabled = "true";
  try {
    const sample = await openSample(demo.signal);
    // Somebody may have pressed Start meanwhile.
    if (current === undefined || !isRunning(current.state)) start(server, sample);
  } catch (error) {
    showError(page, "The sample cannot be played", sentenceOf(error));
  } finally {
    page.sample.ariaDisabled = "false";
  }
}

function start(server: URL, sample: SamplesSource | undefined): void {
  void shown.dispose();
  shown = demo.child("stream");
  released = false;
  emptyPage();
  asked = chosenMicrophone(page);
  const stream = makeStream(page, faults.address(server), sample);
  const token = page.token.value;
  const life = shown;
  current = stream;
  faults.run(true);
  refresh = followStream(
    stream,
    page,
    {
      source: sample === undefined ? "microphone" : "sample",
      released: () => released,
      onEnd: ({ lost, transcript: { finals } }) => {
        faults.run(false);
        void showOutcome(stream, token, lost, rangesOf(finals));
      },
    },
    life,
  );
  // A failed start closes the stream with its error, which the page shows from there.
  stream.start().then(
    // Another microphone may have been chosen meanwhile.
    () => stream === current && act(switchMicrophone),
    () => {},
  );
  void stream.closed.then(({ outcome }) => outcome === "failed" && left?.lookSoon());
  // The sample ends by itself, and its last words are waited for.
  sample?.ended.then(() => stop(stream)).catch(() => {});
}

/** Empties everything the last stream left. */
function emptyPage(): void {
  const { error, finals, partial, notice, history, plot, figures } = page;
  for (const element of [error, finals, partial, notice, history, plot]) element.replaceChildren();
  for (const id of ["first-partial", "first-final"] as const) figures[id].textContent = "–";
  page.after.hidden = true;
}

async function showOutcome(
  stream: AudioStream,
  token: string,
  lost: readonly Range[],
  heard: readonly Range[],
): Promise<void> {
  const { capturedDurationMs, acknowledgedDurationMs } = await stream.getStats();
  if (stream !== current || offer.api === "off" || acknowledgedDurationMs === 0) return;
  // Until the next start.
  shown = demo.child("what is kept");
  const life = shown;
  const { sessionId } = stream;
  const api = new SessionApi({ sessionId, token, signal: life.signal });
  showKept(page, { api, sessionId, lost, heard, lengthSec: capturedDurationMs / 1_000 }, life);
}

function rangesOf(
  captions: readonly { readonly from: number | undefined; readonly to: number | undefined }[],
): Range[] {
  return captions.flatMap(({ from, to }): Range[] =>
    from === undefined || to === undefined ? [] : [[milliseconds(from) / 1_000, milliseconds(to) / 1_000]],
  );
}

function toggleMute(): void {
  if (current === undefined) return;
  current.muted = !current.muted;
  refresh();
}

async function togglePause(stream: AudioStream): Promise<void> {
  if (stream.paused) {
    await stream.resume();
    released = false;
  } else {
    released = page.release.checked;
    await stream.pause({ releaseDevice: released });
  }
}

/** What is shown as chosen is what is used, as soon as there is a microphone that can be exchanged. */
async function switchMicrophone(stream: AudioStream): Promise<void> {
  const [before, chosen] = [asked, chosenMicrophone(page)];
  if (chosen === before || stream.track === undefined || stream.state === "starting") return;
  asked = chosen;
  try {
    await stream.setDevice(chosen);
  } catch (error) {
    if (asked === chosen && stream === current) {
      asked = before;
      page.microphone.value = before ?? "";
    }
    throw error;
  }
}

/** The first press sends what is left; the second leaves without it. */
async function stop(stream: AudioStream): Promise<void> {
  if (stream.state === "closing") stream.abort();
  else await stream.close({ timeoutMs: CLOSE_TIMEOUT_MS });
}

function act(call: (stream: AudioStream) => Promise<void>): void {
  const stream = current;
  if (stream === undefined || stream.state === "closed") return;
  call(stream).then(refresh, (error: unknown) => {
    refresh();
    // What ended the stream is shown from its end.
    if (stream === current && stream.state !== "closed" && isAudioStreamError(error)) {
      showError(page, ERROR_TITLES[error.code], error.message);
    }
  });
  refresh();
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

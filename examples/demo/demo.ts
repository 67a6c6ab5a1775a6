import {
  type AudioStream,
  checkSupport,
  createMicrophoneStream,
  isAudioStreamError,
  listMicrophones,
  type MicrophoneInfo,
  preloadWorklet,
  watchMicrophones,
} from "loquilex";
import { Scope } from "loquilex/resources";
import { followStream } from "./follow-stream.js";
import { SAMPLE_RATE } from "./format.js";
import { serverAddress } from "./server-address.js";
import { clearPage, findPage, showError, showMicrophones, showMuted, showState } from "./view.js";
import { ERROR_TITLES } from "./words.js";

/** Long enough for a recogniser that lags behind; who does not want to wait presses Stop again. */
const CLOSE_TIMEOUT_MS = 20_000;

/** Files of this site, because its Content Security Policy forbids blobs; named after their content when the page is built. */
const WORKLET_URL = new URL("../../dist/capture.worklet.js", import.meta.url);
const WORKER_URL = new URL("../../dist/loquilex.worker.js", import.meta.url);

const page = findPage(document);
const demo = new Scope({ name: "demo" });
let current: AudioStream | undefined;
let shown = demo.child("stream");

prepare();

function prepare(): void {
  let server: URL;
  try {
    server = serverAddress(location);
  } catch (error) {
    page.start.disabled = true;
    showError(page, "The server's address is wrong", error instanceof Error ? error.message : String(error));
    return;
  }
  page.server.textContent = `${server.origin}${server.pathname}`;
  demo.listen(page.start, "click", () => start(server));
  demo.listen(page.mute, "click", toggleMute);
  demo.listen(page.microphone, "change", () => act((stream) => stream.setDevice(chosenMicrophone())));
  demo.listen(page.pause, "click", () => act((stream) => stream.pause()));
  demo.listen(page.resume, "click", () => act((stream) => stream.resume()));
  demo.listen(page.stop, "click", () => act(stop));
  // Where it is not supported, Start says why.
  if (!checkSupport().supported) return;
  watchMicrophones(offerMicrophones, { signal: demo.signal });
  // So that a server that is away for a while does not stop Start, which says it if the file is not to be had.
  preloadWorklet(WORKLET_URL).catch(() => {});
}

function start(server: URL): void {
  void shown.dispose();
  shown = demo.child("stream");
  clearPage(page);
  const token = page.token.value;
  const stream = createMicrophoneStream(server, {
    sampleRate: SAMPLE_RATE,
    workerUrl: WORKER_URL,
    microphone: { workletUrl: WORKLET_URL, deviceId: chosenMicrophone() },
    getToken: token === "" ? undefined : () => token,
  });
  current = stream;
  showMuted(page, stream.muted);
  followStream(stream, page, shown);
  // A failed start closes the stream with its error, which the page shows from there.
  stream.start().then(
    // Browsers that do not tell when the permission is given name the microphones from now on.
    () => listMicrophones().then(offerMicrophones, () => {}),
    () => {},
  );
}

/** `undefined` is the system's own choice. */
const chosenMicrophone = (): string | undefined => page.microphone.value || undefined;

function toggleMute(): void {
  if (current === undefined) return;
  current.muted = !current.muted;
  showMuted(page, current.muted);
}

/** The first press sends what is left; the second leaves without it. */
async function stop(stream: AudioStream): Promise<void> {
  if (stream.state === "closing") stream.abort();
  else await stream.close({ timeoutMs: CLOSE_TIMEOUT_MS });
}

function act(call: (stream: AudioStream) => Promise<void>): void {
  const stream = current;
  if (stream === undefined || stream.state === "closed") return;
  const refresh = (): void => {
    if (stream === current && stream.state !== "closed") showState(page, stream.state, stream.paused);
  };
  call(stream).then(refresh, (error: unknown) => {
    refresh();
    // What ended the stream is shown from its end.
    if (stream === current && stream.state !== "closed" && isAudioStreamError(error)) {
      showError(page, ERROR_TITLES[error.code], error.message);
    }
  });
  refresh();
}

/** Those that can be told apart: none before the permission. */
function offerMicrophones(microphones: readonly MicrophoneInfo[]): void {
  showMicrophones(
    page,
    microphones.filter(({ deviceId, label }) => deviceId !== "" && label !== ""),
  );
}

import {
  AudioStream,
  type AudioStreamOptions,
  createMicrophoneStream,
  opus,
  type SamplesSource,
  webSocket,
} from "loquilex";
import { persistentJournal } from "loquilex/journal";
import { SAMPLE_RATE } from "../page/format.js";
import type { PageElements } from "../page/page-elements.js";

/** Files of this site, because its Content Security Policy forbids blobs; named after their content when the page is built. */
export const WORKLET_URL = new URL("../../../dist/capture.worklet.js", import.meta.url);
const WORKER_URL = new URL("../../../dist/loquilex.worker.js", import.meta.url);
export const JOURNAL_WORKER_URL = new URL("../../../dist/loquilex.journal.worker.js", import.meta.url);

/** A stream as the page's settings want it, from the microphone or from the sample. Inert until it is started. */
export function makeStream(page: PageElements, server: URL, sample: SamplesSource | undefined): AudioStream {
  const token = page.token.value;
  const options: AudioStreamOptions = {
    sampleRate: SAMPLE_RATE,
    workerUrl: WORKER_URL,
    replay: { journal: persistentJournal({ workerUrl: JOURNAL_WORKER_URL }) },
    encoding: page.encoding.value === "opus" ? opus() : undefined,
    getToken: token === "" ? undefined : () => token,
  };
  if (sample !== undefined) return new AudioStream({ source: sample, transport: webSocket(server) }, options);
  const microphone = { workletUrl: WORKLET_URL, deviceId: chosenMicrophone(page) };
  return createMicrophoneStream(server, { ...options, microphone });
}

/** `undefined` is the system's own choice. */
export const chosenMicrophone = (page: PageElements): string | undefined => page.microphone.value || undefined;

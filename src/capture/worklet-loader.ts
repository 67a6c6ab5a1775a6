import code from "virtual:capture-worklet";
import { workletLoadFailed } from "./media-errors.js";

/** The latest load of each context. */
const loads = new WeakMap<BaseAudioContext, Promise<void>>();

/**
 * Loads the audio-thread module into the context, once. Streams that share a context wait for each other: the main thread
 * of WebKitGTK 2.50 waits for ever where two modules load at once.
 * @param workletUrl where the module is served; without it, the code inside the package is loaded from a blob.
 * @throws AudioStreamError `worklet-load-failed`; the next call tries again.
 */
export function loadCaptureWorklet(context: BaseAudioContext, workletUrl: string | URL | undefined): Promise<void> {
  const before = loads.get(context);
  const load = before === undefined ? add(context, workletUrl) : before.catch(() => add(context, workletUrl));
  loads.set(context, load);
  return load;
}

async function add(context: BaseAudioContext, workletUrl: string | URL | undefined): Promise<void> {
  const inlined = workletUrl === undefined;
  const url = inlined ? URL.createObjectURL(new Blob([code], { type: "text/javascript" })) : String(workletUrl);
  try {
    await context.audioWorklet.addModule(url);
  } catch (cause) {
    throw workletLoadFailed(url, inlined, cause);
  } finally {
    if (inlined) URL.revokeObjectURL(url);
  }
}

import code from "virtual:capture-worklet";
import { workletLoadFailed } from "./media-errors.js";

/** Contexts that have the module already; one where loading failed may try again. */
const loaded = new WeakSet<BaseAudioContext>();

/**
 * Loads the audio-thread module into the context, once.
 * @param workletUrl where the module is served; without it, the code inside the package is loaded from a blob.
 * @throws AudioStreamError `worklet-load-failed`.
 */
export async function loadCaptureWorklet(
  context: BaseAudioContext,
  workletUrl: string | URL | undefined,
): Promise<void> {
  if (loaded.has(context)) return;
  const inlined = workletUrl === undefined;
  const url = inlined ? URL.createObjectURL(new Blob([code], { type: "text/javascript" })) : String(workletUrl);
  try {
    await context.audioWorklet.addModule(url);
    loaded.add(context);
  } catch (cause) {
    throw workletLoadFailed(url, inlined, cause);
  } finally {
    if (inlined) URL.revokeObjectURL(url);
  }
}

import { type SamplesSource, samples } from "loquilex";
import { SAMPLE_RATE } from "../page/format.js";

/** Where it comes from is in sample.md. */
const SAMPLE_URL = new URL("./sample.wav", import.meta.url);

/** A recording for visitors without a microphone, as a source that is heard as fast as it was spoken. */
export async function openSample(signal: AbortSignal): Promise<SamplesSource> {
  const answer = await fetch(SAMPLE_URL, { signal });
  if (!answer.ok) throw new Error(`The sample cannot be loaded: the server answered ${answer.status}.`);
  const decoder = new OfflineAudioContext(1, 1, SAMPLE_RATE);
  const sound = await decoder.decodeAudioData(await answer.arrayBuffer());
  // The sound has the rate of the context that decodes it.
  return samples([sound.getChannelData(0)], { sampleRate: SAMPLE_RATE });
}

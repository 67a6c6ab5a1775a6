/** What a microphone heard at each position, so that a store can tell whether it got the right samples. */

/** Positions after which the sound repeats: longer than all but the longest runs. */
const PERIOD = 1 << 21;
const LONGEST_FRAME = 65_535;
const BYTES_PER_SAMPLE = 2;

const sound = new Uint8Array((PERIOD + LONGEST_FRAME + 1) * BYTES_PER_SAMPLE);
let state = 0x2545f491;
const words = new Uint32Array(sound.buffer);
for (let index = 0; index < words.length; index += 1) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  words[index] = state;
}
sound.copyWithin(PERIOD * BYTES_PER_SAMPLE, 0, LONGEST_FRAME * BYTES_PER_SAMPLE);

/** A frame's payload, 16-bit samples from `position` on. */
export function samplesAt(position: number, sampleCount: number): Uint8Array<ArrayBuffer> {
  const from = placeOf(position, sampleCount);
  return sound.slice(from * BYTES_PER_SAMPLE, (from + sampleCount) * BYTES_PER_SAMPLE);
}

/** Whether a payload is exactly what was heard from `position` on. */
export function areSamplesAt(position: number, sampleCount: number, payload: Uint8Array): boolean {
  const from = placeOf(position, sampleCount);
  const heard = sound.subarray(from * BYTES_PER_SAMPLE, (from + sampleCount) * BYTES_PER_SAMPLE);
  return payload.byteLength === heard.byteLength && Buffer.compare(heard, payload) === 0;
}

/** Where in the sound a frame lies. The sound is longer than its period by the longest frame. */
function placeOf(position: number, sampleCount: number): number {
  if (sampleCount > LONGEST_FRAME) throw new RangeError(`A frame of ${sampleCount} samples is longer than any.`);
  return position % PERIOD;
}

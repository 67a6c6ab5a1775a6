/** What a microphone heard at each position, so that a store can tell whether it got the right samples. */

/** Positions after which the sound repeats: longer than any run. */
const PERIOD = 1 << 21;
const BYTES_PER_SAMPLE = 2;

const sound = new Uint8Array(PERIOD * BYTES_PER_SAMPLE);
let state = 0x2545f491;
const words = new Uint32Array(sound.buffer);
for (let index = 0; index < words.length; index += 1) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  words[index] = state;
}

/** A frame's payload, 16-bit samples from `position` on. */
export function samplesAt(position: number, sampleCount: number): Uint8Array<ArrayBuffer> {
  checkRange(position, sampleCount);
  return sound.slice(position * BYTES_PER_SAMPLE, (position + sampleCount) * BYTES_PER_SAMPLE);
}

/** Whether a payload is exactly what was heard from `position` on. */
export function areSamplesAt(position: number, sampleCount: number, payload: Uint8Array): boolean {
  checkRange(position, sampleCount);
  const heard = sound.subarray(position * BYTES_PER_SAMPLE, (position + sampleCount) * BYTES_PER_SAMPLE);
  return payload.byteLength === heard.byteLength && Buffer.compare(heard, payload) === 0;
}

function checkRange(position: number, sampleCount: number): void {
  if (position + sampleCount > PERIOD) throw new RangeError(`Position ${position} is beyond any run.`);
}

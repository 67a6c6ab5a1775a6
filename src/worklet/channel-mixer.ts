/** A channel counts while its level is within 40 dB of the loudest one's … */
const LEAVE_RATIO = 0.01;
/** … and counts again once it is within 20 dB. */
const JOIN_RATIO = 0.1;
/** Below −60 dB nothing is decided: silence does not tell which channel has the microphone. */
const DECISION_LEVEL = 0.001;
/** How fast a remembered level fades, per sample: to half in about five seconds at 48 kHz. */
const DECAY_PER_SAMPLE = 3e-6;
/** A channel fades in or out over this many samples, so that a decision makes no click. */
const FADE_SAMPLES = 2_048;

/**
 * Mixes any number of channels to one: the mean of the channels that carry sound. A channel far below the loudest one
 * (a stereo interface with one microphone) is left out, so that it halves nothing; what counts is decided by levels
 * remembered for seconds, so that pauses in the speech change nothing.
 */
export class ChannelMixer {
  #levels = new Float64Array(0);
  #gains = new Float64Array(0);
  #counts = new Uint8Array(0);
  #decided = false;

  /** Writes the mix of the channels' first `length` samples to `output`. */
  mix(channels: readonly Float32Array[], length: number, output: Float32Array): void {
    const count = channels.length;
    const only = channels[0];
    if (count === 1 && only !== undefined) {
      output.set(only);
      return;
    }
    if (this.#levels.length !== count) this.#begin(count);
    this.#measure(channels, length);
    const counting = this.#decide();
    for (let index = 0; index < length; index += 1) output[index] = 0;
    for (let channel = 0; channel < count; channel += 1) {
      const samples = channels[channel];
      if (samples !== undefined) this.#add(channel, samples, length, counting, output);
    }
  }

  #begin(count: number): void {
    this.#levels = new Float64Array(count);
    this.#gains = new Float64Array(count).fill(1 / count);
    this.#counts = new Uint8Array(count).fill(1);
    this.#decided = false;
  }

  #measure(channels: readonly Float32Array[], length: number): void {
    const keep = 1 - DECAY_PER_SAMPLE * length;
    for (let channel = 0; channel < channels.length; channel += 1) {
      const samples = channels[channel];
      let peak = (this.#levels[channel] ?? 0) * keep;
      for (let index = 0; samples !== undefined && index < length; index += 1) {
        const level = Math.abs(samples[index] ?? 0);
        if (level > peak && level < Infinity) peak = level;
      }
      this.#levels[channel] = peak;
    }
  }

  /** @returns how many channels count. */
  #decide(): number {
    let loudest = 0;
    for (let channel = 0; channel < this.#levels.length; channel += 1) {
      loudest = Math.max(loudest, this.#levels[channel] ?? 0);
    }
    let counting = 0;
    for (let channel = 0; channel < this.#levels.length; channel += 1) {
      if (loudest >= DECISION_LEVEL) {
        const ratio = (this.#levels[channel] ?? 0) / loudest;
        if (ratio < LEAVE_RATIO) this.#counts[channel] = 0;
        else if (ratio >= JOIN_RATIO) this.#counts[channel] = 1;
      }
      counting += this.#counts[channel] ?? 0;
    }
    if (loudest >= DECISION_LEVEL && !this.#decided) {
      // Nothing audible came before, so the first decision needs no fade.
      this.#decided = true;
      for (let channel = 0; channel < this.#gains.length; channel += 1) {
        this.#gains[channel] = (this.#counts[channel] ?? 0) / counting;
      }
    }
    return counting;
  }

  /** Takes whole numbers alone: a fraction given to a function that is not inlined is garbage on the audio thread. */
  #add(channel: number, samples: Float32Array, length: number, counting: number, output: Float32Array): void {
    const target = this.#counts[channel] === 1 ? 1 / counting : 0;
    const before = this.#gains[channel] ?? 0;
    const most = length / FADE_SAMPLES;
    const after = before + Math.min(most, Math.max(-most, target - before));
    this.#gains[channel] = after;
    const step = (after - before) / length;
    for (let index = 0; index < length; index += 1) {
      output[index] = (output[index] ?? 0) + (before + step * (index + 1)) * (samples[index] ?? 0);
    }
  }
}

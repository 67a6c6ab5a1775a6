/**
 * When pulses are heard, in samples: the centre of gravity of each run of values above a tenth, so that it is known to a part
 * of a sample.
 */
export class PulseFinder {
  readonly places: number[] = [];
  #weight = 0;
  #moment = 0;

  take(value: number, place: number): void {
    if (value > 0.1) {
      this.#weight += value;
      this.#moment += value * place;
      return;
    }
    if (this.#weight > 0) this.places.push(this.#moment / this.#weight);
    this.#weight = 0;
    this.#moment = 0;
  }
}

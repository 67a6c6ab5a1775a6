/** What is known of a frame whose payload lies in the ring of bytes. Its slot is used again for a later frame. */
export interface Slot {
  position: number;
  sampleCount: number;
  flags: number;
  byteLength: number;
  /** Address of the payload in the ring of bytes. */
  address: number;
  /** Samples pushed before this frame, gaps not counted. */
  ordinal: number;
}

/** Frames in order, oldest first. They are numbered, and each has the slot of its number modulo the length. */
export class SlotRing {
  /** Doubled when all are taken. */
  #slots: (Slot | undefined)[] = new Array(64).fill(undefined);
  #first = 0;
  #end = 0;

  /** Number of the oldest frame. */
  get first(): number {
    return this.#first;
  }

  /** Number of the next frame to come. */
  get end(): number {
    return this.#end;
  }

  /** The frame of that number, or `undefined` behind the last one. */
  at(number: number): Slot | undefined {
    return number < this.#end ? this.#slots[number % this.#slots.length] : undefined;
  }

  /** A slot for one more frame, to be filled. */
  add(): Slot {
    if (this.#end - this.#first === this.#slots.length) this.#grow();
    const index = this.#end % this.#slots.length;
    this.#slots[index] ??= { position: 0, sampleCount: 0, flags: 0, byteLength: 0, address: 0, ordinal: 0 };
    this.#end += 1;
    return this.#slots[index];
  }

  /** Moves the frames from a number on up by `count` numbers, whose slots are to be filled. */
  insert(number: number, count: number): void {
    for (let added = 0; added < count; added += 1) this.add();
    const slots = this.#slots;
    for (let to = this.#end - 1; to >= number + count; to -= 1) {
      const [a, b] = [to % slots.length, (to - count) % slots.length];
      [slots[a], slots[b]] = [slots[b], slots[a]];
    }
  }

  /** @returns the oldest frame, which is valid until another is added. */
  removeFirst(): Slot | undefined {
    const slot = this.at(this.#first);
    if (slot !== undefined) this.#first += 1;
    return slot;
  }

  clear(): void {
    this.#first = this.#end;
  }

  #grow(): void {
    const grown: (Slot | undefined)[] = new Array(2 * this.#slots.length).fill(undefined);
    for (let number = this.#first; number < this.#end; number += 1) grown[number % grown.length] = this.at(number);
    this.#slots = grown;
  }
}

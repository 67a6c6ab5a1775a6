import { AudioFrameFlag } from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";
/** One encoded frame as it is kept for sending and sending again. */
export interface StoredFrame {
  /** Position of the first sample. */
  readonly position: number;
  readonly sampleCount: number;
  readonly flags: number;
  readonly payload: Bytes;
}

export interface ReplayBufferLimits {
  readonly maxSamples: number;
  /** Counts payloads. */
  readonly maxBytes: number;
  /** Acknowledged audio that is kept all the same, for a server that loses its last writes. */
  readonly graceSamples: number;
}

/** A frame pushed out because the buffer was full. */
export interface EvictedFrame {
  readonly from: number;
  readonly to: number;
  readonly acknowledged: boolean;
  /** It was put on the wire at least once, so the server may have it. */
  readonly sent: boolean;
}

interface Slot extends StoredFrame {
  /** Samples pushed before this frame, gaps not counted. */
  readonly ordinal: number;
}

const endOf = (frame: StoredFrame): number => frame.position + frame.sampleCount;

/**
 * The frames a client holds, oldest first: a tail already acknowledged, then what was sent and waits for its
 * acknowledgement, then what was never sent. The cursor is the next frame to send.
 */
export class ReplayBuffer {
  readonly #limits: ReplayBufferLimits;
  #slots: Slot[] = [];
  /** Slots before this index are free; they are cut off in bulk, so that a push or an ack costs no copying. */
  #head = 0;
  #cursor = 0;
  #bytes = 0;
  #ordinal = 0;
  #next: number;
  #acknowledged: number;
  #acknowledgedOrdinal = 0;
  #sentTo = 0;

  constructor(limits: ReplayBufferLimits) {
    this.#limits = limits;
    this.#next = 0;
    this.#acknowledged = 0;
  }

  get frameCount(): number {
    return this.#slots.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Samples held, acknowledged tail included. */
  get samples(): number {
    const oldest = this.#slots[this.#head];
    return oldest === undefined ? 0 : this.#ordinal - oldest.ordinal;
  }

  /** Oldest position held; the next one where nothing is held. */
  get first(): number {
    return this.#slots[this.#head]?.position ?? this.#next;
  }

  /** Position after the newest sample. */
  get next(): number {
    return this.#next;
  }

  /** Position of the next frame to send. */
  get cursorPosition(): number {
    return this.#slots[this.#cursor]?.position ?? this.#next;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Frames from the cursor on. */
  get framesToSend(): number {
    return this.#slots.length - this.#cursor;
  }

  /** Samples sent and not yet acknowledged. */
  get samplesInFlight(): number {
    const atCursor = this.#slots[this.#cursor]?.ordinal ?? this.#ordinal;
    return Math.max(0, atCursor - this.#acknowledgedOrdinal);
  }

  /** Samples not yet acknowledged, sent or not. */
  get samplesUnacknowledged(): number {
    return this.#ordinal - this.#acknowledgedOrdinal;
  }

  get framesUnacknowledged(): number {
    return this.#slots.length - this.#firstIndexAfter(this.#acknowledged);
  }

  /** The first position held that is not acknowledged, or `undefined` if all of it is. */
  get unacknowledgedFrom(): number | undefined {
    const frame = this.#slots[this.#firstIndexAfter(this.#acknowledged)];
    return frame && Math.max(frame.position, this.#acknowledged);
  }

  /** Adds the newest frame and returns what had to go to make room, oldest first. */
  push(frame: StoredFrame): EvictedFrame[] {
    if (frame.position < this.#next) {
      throw new RangeError(`Frames must be pushed in order: ${frame.position} comes before ${this.#next}.`);
    }
    this.#slots.push({ ...frame, ordinal: this.#ordinal });
    this.#bytes += frame.payload.byteLength;
    this.#ordinal += frame.sampleCount;
    this.#next = endOf(frame);
    const evicted: EvictedFrame[] = [];
    while (this.frameCount > 1 && (this.#bytes > this.#limits.maxBytes || this.samples > this.#limits.maxSamples)) {
      const oldest = this.#free();
      if (oldest === undefined) break;
      const acknowledged = endOf(oldest) <= this.#acknowledged;
      if (!acknowledged)
        this.#acknowledgedOrdinal = Math.max(this.#acknowledgedOrdinal, oldest.ordinal + oldest.sampleCount);
      evicted.push({
        from: oldest.position,
        to: endOf(oldest),
        acknowledged,
        sent: oldest.position < this.#sentTo,
      });
    }
    return evicted;
  }

  /** The next frame to send, or `undefined` when everything was sent. */
  peek(): StoredFrame | undefined {
    return this.#slots[this.#cursor];
  }

  /** Says that the frame at the cursor went out. */
  advance(): void {
    const frame = this.#slots[this.#cursor];
    if (frame === undefined) return;
    this.#cursor += 1;
    this.#sentTo = Math.max(this.#sentTo, endOf(frame));
  }

  /** Replaces the frame at the cursor by smaller ones. Only for encodings whose samples all have the same size. */
  splitNext(maxSamples: number): void {
    const whole = this.#slots[this.#cursor];
    if (whole === undefined) return;
    const bytesPerSample = whole.payload.byteLength / whole.sampleCount;
    const parts: Slot[] = [];
    for (let offset = 0; offset < whole.sampleCount; offset += maxSamples) {
      const end = Math.min(offset + maxSamples, whole.sampleCount);
      const notFirst = offset > 0 ? AudioFrameFlag.gap : 0;
      const notLast = end < whole.sampleCount ? AudioFrameFlag.last : 0;
      parts.push({
        position: whole.position + offset,
        sampleCount: end - offset,
        flags: whole.flags & ~(notFirst | notLast),
        payload: whole.payload.subarray(offset * bytesPerSample, end * bytesPerSample),
        ordinal: whole.ordinal + offset,
      });
    }
    this.#slots.splice(this.#cursor, 1, ...parts);
  }

  /** Moves the cursor to the first frame that reaches beyond `position`. */
  seek(position: number): void {
    this.#cursor = this.#firstIndexAfter(position);
  }

  /** Takes a cumulative acknowledgement; older ones change nothing. Frees all but the grace tail. */
  acknowledge(position: number): void {
    if (position <= this.#acknowledged) return;
    this.#acknowledged = position;
    const index = this.#firstIndexAfter(position);
    this.#acknowledgedOrdinal = Math.max(this.#acknowledgedOrdinal, this.#slots[index]?.ordinal ?? this.#ordinal);
    this.#freeAcknowledged();
  }

  /** The server stands at `position` and has nothing beyond; what it acknowledged may have become less. */
  resume(position: number, acknowledged: number): void {
    this.#acknowledged = acknowledged;
    this.#sentTo = position;
    this.#acknowledgedOrdinal = this.#slots[this.#firstIndexAfter(acknowledged)]?.ordinal ?? this.#ordinal;
    this.seek(position);
    this.#freeAcknowledged();
  }

  clear(): void {
    this.#slots = [];
    this.#head = 0;
    this.#cursor = 0;
    this.#bytes = 0;
    this.#acknowledgedOrdinal = this.#ordinal;
  }

  /** Frees what is acknowledged and was sent or skipped, all but the grace tail. */
  #freeAcknowledged(): void {
    const keepsFrom = this.#acknowledged - this.#limits.graceSamples;
    for (;;) {
      const oldest = this.#slots[this.#head];
      if (oldest === undefined || endOf(oldest) > keepsFrom || this.#head >= this.#cursor) break;
      this.#free();
    }
  }

  #free(): Slot | undefined {
    const slot = this.#slots[this.#head];
    if (slot === undefined) return undefined;
    this.#bytes -= slot.payload.byteLength;
    this.#head += 1;
    this.#cursor = Math.max(this.#cursor, this.#head);
    if (this.#head > 1_024 && this.#head * 2 > this.#slots.length) {
      this.#slots.splice(0, this.#head);
      this.#cursor -= this.#head;
      this.#head = 0;
    }
    return slot;
  }

  #firstIndexAfter(position: number): number {
    let low = this.#head;
    let high = this.#slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const frame = this.#slots[middle];
      if (frame !== undefined && endOf(frame) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

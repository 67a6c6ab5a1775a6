import { AudioFrameFlag, type WireAudioFrame } from "../../protocol/audio-frame.js";
import { ByteRing } from "./byte-ring.js";
import { type Slot, SlotRing } from "./slot-ring.js";

/** One encoded frame as it is kept for sending and sending again. Valid until the buffer is changed. */
export interface StoredFrame {
  /** Position of the first sample. */
  readonly position: number;
  readonly sampleCount: number;
  readonly flags: number;
  /** Length of the payload. */
  readonly byteLength: number;
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

const NOTHING_EVICTED: readonly EvictedFrame[] = [];

const endOf = ({ position, sampleCount }: Pick<StoredFrame, "position" | "sampleCount">): number =>
  position + sampleCount;

/**
 * The frames a client holds, oldest first: a tail already acknowledged, then what was sent and waits for its
 * acknowledgement, then what was never sent. The cursor is the next frame to send. Payloads are copied into one ring of
 * bytes, and slots are used again, so that frames which come and go make no garbage.
 */
export class ReplayBuffer {
  readonly #limits: ReplayBufferLimits;
  readonly #payloads: ByteRing;
  readonly #frames = new SlotRing();
  /** Number of the next frame to send. */
  #cursor = 0;
  #ordinal = 0;
  #next = 0;
  #acknowledged = 0;
  #acknowledgedOrdinal = 0;
  #sentTo = 0;

  constructor(limits: ReplayBufferLimits) {
    this.#limits = limits;
    this.#payloads = new ByteRing(limits.maxBytes);
  }

  get frameCount(): number {
    return this.#frames.end - this.#frames.first;
  }

  get bytes(): number {
    return this.#payloads.length;
  }

  /** Samples held, acknowledged tail included. */
  get samples(): number {
    const oldest = this.#frames.at(this.#frames.first);
    return oldest === undefined ? 0 : this.#ordinal - oldest.ordinal;
  }

  /** Oldest position held; the next one where nothing is held. */
  get first(): number {
    return this.#frames.at(this.#frames.first)?.position ?? this.#next;
  }

  /** Position after the newest sample. */
  get next(): number {
    return this.#next;
  }

  /** Position of the next frame to send. */
  get cursorPosition(): number {
    return this.#frames.at(this.#cursor)?.position ?? this.#next;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Frames from the cursor on. */
  get framesToSend(): number {
    return this.#frames.end - this.#cursor;
  }

  /** Samples sent and not yet acknowledged. */
  get samplesInFlight(): number {
    const atCursor = this.#frames.at(this.#cursor)?.ordinal ?? this.#ordinal;
    return Math.max(0, atCursor - this.#acknowledgedOrdinal);
  }

  /** Samples not yet acknowledged, sent or not. */
  get samplesUnacknowledged(): number {
    return this.#ordinal - this.#acknowledgedOrdinal;
  }

  get framesUnacknowledged(): number {
    return this.#frames.end - this.#firstAfter(this.#acknowledged);
  }

  /** The first position held that is not acknowledged, or `undefined` if all of it is. */
  get unacknowledgedFrom(): number | undefined {
    const frame = this.#frames.at(this.#firstAfter(this.#acknowledged));
    return frame && Math.max(frame.position, this.#acknowledged);
  }

  /** Nothing is held, all before `acknowledged` is acknowledged, and the next frame begins at `next` at the earliest. */
  restore(acknowledged: number, next: number): void {
    this.#acknowledged = acknowledged;
    this.#next = next;
  }

  /** Adds the newest frame, whose payload is copied, and returns what had to go to make room, oldest first. */
  push(frame: WireAudioFrame): readonly EvictedFrame[] {
    const { position, sampleCount, flags, payload } = frame;
    if (position < this.#next) {
      throw new RangeError(`Frames must be pushed in order: ${position} comes before ${this.#next}.`);
    }
    const evicted = this.#makeRoom(payload.byteLength, sampleCount);
    const slot = this.#frames.add();
    slot.position = position;
    slot.sampleCount = sampleCount;
    slot.flags = flags;
    slot.byteLength = payload.byteLength;
    slot.address = this.#payloads.append(payload);
    slot.ordinal = this.#ordinal;
    this.#ordinal += sampleCount;
    this.#next = endOf(frame);
    return evicted;
  }

  /** The next frame to send, or `undefined` when everything was sent. */
  peek(): StoredFrame | undefined {
    return this.#frames.at(this.#cursor);
  }

  /** Says that the frame at the cursor went out. */
  advance(): void {
    const frame = this.#frames.at(this.#cursor);
    if (frame === undefined) return;
    this.#cursor += 1;
    this.#sentTo = Math.max(this.#sentTo, endOf(frame));
  }

  /** Copies the payload of the frame at the cursor into `target`. */
  readNext(target: Uint8Array, offset: number): void {
    const slot = this.#frames.at(this.#cursor);
    if (slot !== undefined) this.#payloads.read(slot.address, slot.byteLength, target, offset);
  }

  /** Replaces the frame at the cursor by smaller ones. Only for encodings whose samples all have the same size. */
  splitNext(maxSamples: number): void {
    const slot = this.#frames.at(this.#cursor);
    if (slot === undefined) return;
    const whole = { ...slot };
    const bytesPerSample = whole.byteLength / whole.sampleCount;
    let number = this.#cursor;
    this.#frames.insert(number + 1, Math.ceil(whole.sampleCount / maxSamples) - 1);
    for (let offset = 0; offset < whole.sampleCount; offset += maxSamples) {
      const end = Math.min(offset + maxSamples, whole.sampleCount);
      const notFirst = offset > 0 ? AudioFrameFlag.gap : 0;
      const notLast = end < whole.sampleCount ? AudioFrameFlag.last : 0;
      Object.assign(this.#frames.at(number) ?? {}, {
        position: whole.position + offset,
        sampleCount: end - offset,
        flags: whole.flags & ~(notFirst | notLast),
        byteLength: (end - offset) * bytesPerSample,
        address: whole.address + offset * bytesPerSample,
        ordinal: whole.ordinal + offset,
      });
      number += 1;
    }
  }

  /** Moves the cursor to the first frame that reaches beyond `position`. */
  seek(position: number): void {
    this.#cursor = this.#firstAfter(position);
  }

  /** Takes a cumulative acknowledgement; older ones change nothing. Frees all but the grace tail. */
  acknowledge(position: number): void {
    if (position <= this.#acknowledged) return;
    this.#acknowledged = position;
    const number = this.#firstAfter(position);
    this.#acknowledgedOrdinal = Math.max(this.#acknowledgedOrdinal, this.#frames.at(number)?.ordinal ?? this.#ordinal);
    this.#freeAcknowledged();
  }

  /** The server stands at `position` and has nothing beyond; what it acknowledged may have become less. */
  resume(position: number, acknowledged: number): void {
    this.#acknowledged = acknowledged;
    this.#sentTo = position;
    this.#acknowledgedOrdinal = this.#frames.at(this.#firstAfter(acknowledged))?.ordinal ?? this.#ordinal;
    this.seek(position);
    this.#freeAcknowledged();
  }

  clear(): void {
    this.#payloads.clear();
    this.#frames.clear();
    this.#cursor = this.#frames.end;
    this.#acknowledgedOrdinal = this.#ordinal;
  }

  #makeRoom(bytes: number, samples: number): readonly EvictedFrame[] {
    let evicted: EvictedFrame[] | undefined;
    const { maxBytes, maxSamples } = this.#limits;
    while (this.frameCount > 0 && (this.bytes + bytes > maxBytes || this.samples + samples > maxSamples)) {
      const oldest = this.#free();
      if (oldest === undefined) break;
      const acknowledged = endOf(oldest) <= this.#acknowledged;
      if (!acknowledged)
        this.#acknowledgedOrdinal = Math.max(this.#acknowledgedOrdinal, oldest.ordinal + oldest.sampleCount);
      evicted ??= [];
      evicted.push({ from: oldest.position, to: endOf(oldest), acknowledged, sent: oldest.position < this.#sentTo });
    }
    return evicted ?? NOTHING_EVICTED;
  }

  /** Frees what is acknowledged and was sent or skipped, all but the grace tail. */
  #freeAcknowledged(): void {
    const keepsFrom = this.#acknowledged - this.#limits.graceSamples;
    for (;;) {
      const oldest = this.#frames.at(this.#frames.first);
      if (oldest === undefined || endOf(oldest) > keepsFrom || this.#frames.first >= this.#cursor) break;
      this.#free();
    }
  }

  #free(): Slot | undefined {
    const slot = this.#frames.removeFirst();
    if (slot === undefined) return undefined;
    this.#payloads.freeTo(slot.address + slot.byteLength);
    this.#cursor = Math.max(this.#cursor, this.#frames.first);
    return slot;
  }

  #firstAfter(position: number): number {
    let low = this.#frames.first;
    let high = this.#frames.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const frame = this.#frames.at(middle);
      if (frame !== undefined && endOf(frame) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

import {
  AUDIO_FRAME_HEADER_BYTES,
  decodeAudioFrame,
  encodeAudioFrame,
  type WireAudioFrame,
} from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";
import { type JournalState, readState } from "./journal-state.js";

/** What one record holds, before it is encrypted: `u32 length · JSON`, then `u32 length · audio frame` of the wire, each. */
export interface JournalEntry {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** Where the session stands; left out if the record before it says the same. */
  readonly state?: JournalState | undefined;
  readonly frames: readonly WireAudioFrame[];
}

const LENGTH_BYTES = 4;

/** The bytes of an entry. */
export function encodeEntry({ frames, ...head }: JournalEntry): Bytes {
  const parts = [new TextEncoder().encode(JSON.stringify(head)), ...frames.map(encodeAudioFrame)];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + LENGTH_BYTES + part.byteLength, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.byteLength, true);
    bytes.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + part.byteLength;
  }
  return bytes;
}

/**
 * @param known the state that the records before it have told; an entry without one is of no use before there is one.
 * @throws SyntaxError, RangeError or ShapeError for what no journal has written.
 */
export function decodeEntry(bytes: Bytes, known: JournalState | undefined): JournalEntry {
  const [json = new Uint8Array(), ...frames] = partsOf(bytes);
  const head = JSON.parse(new TextDecoder().decode(json)) as { readonly at: unknown; readonly state?: unknown };
  const state = head.state === undefined ? undefined : readState(head.state);
  const format = (state ?? known)?.format;
  if (typeof head.at !== "number" || (format === undefined && frames.length > 0)) {
    throw new RangeError("The journal has an entry without its time, or without the session that it belongs to.");
  }
  return { at: head.at, state, frames: frames.map((frame) => decodeAudioFrame(frame, format ?? NO_FORMAT)) };
}

const NO_FORMAT = { encoding: "pcm_s16le", channels: 1 } as const;

function partsOf(bytes: Bytes): Bytes[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Bytes[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const end = at + LENGTH_BYTES + view.getUint32(at, true);
    if (end > bytes.byteLength) throw new RangeError("The journal has an entry that is longer than its record.");
    parts.push(bytes.slice(at + LENGTH_BYTES, end));
    at = end;
  }
  return parts;
}

/** Bytes that a frame takes in a journal. */
export const storedBytes = ({ payload }: Pick<WireAudioFrame, "payload">): number =>
  LENGTH_BYTES + AUDIO_FRAME_HEADER_BYTES + payload.byteLength;

import type { Bytes } from "./bytes.js";
/**
 * The binary audio frame, little-endian: `u8 kind = 1 · u8 flags · u16 sample_count · u64 position`, then the payload.
 * One sample is one value per channel, so `sample_count` counts time, not bytes.
 */
import type { AudioEncoding } from "./messages.js";
import { MAX_OPUS_PACKET_BYTES, MAX_OPUS_PACKET_MS, MIN_OPUS_PACKET_MS, opusPacketDurationMs } from "./opus-packet.js";
import { ShapeError } from "./shape.js";

/** First byte of every audio frame. */
export const AUDIO_FRAME_KIND = 1;
/** Bytes before the payload. */
export const AUDIO_FRAME_HEADER_BYTES = 12;
/** The largest `sample_count` a frame can say. */
export const MAX_FRAME_SAMPLES = 0xffff;

/** A position is written as two halves, since a BigInt is made anew for each frame. */
const TWO_32 = 4_294_967_296;

/** Bits of a frame's second byte; all others are refused. */
export const AudioFrameFlag = {
  /** The samples between the previous frame and this one do not exist: the client says so. */
  gap: 1,
  /** The sender muted the microphone while this frame was captured: what it holds is silence. */
  muted: 2,
  /** Nothing follows. */
  last: 4,
  /** Opus only: the codec starts anew, so that a new decoder is needed. Its audio is the end of what the packet decodes to. */
  restart: 8,
} as const;

/** An audio frame as both ends handle it, header taken apart. */
export interface WireAudioFrame {
  /** Sum of {@link AudioFrameFlag} values. */
  readonly flags: number;
  /** Samples of each channel in it, which is its length in time. */
  readonly sampleCount: number;
  /** Samples at the wire's rate since the stream began. */
  readonly position: number;
  /** A view of the bytes that came in, not a copy. */
  readonly payload: Bytes;
}

/** Bytes of one sample of one channel, or `undefined` where the encoding has no fixed size. */
export function bytesPerSample(encoding: AudioEncoding): number | undefined {
  return { pcm_s16le: 2, pcm_f32le: 4, mulaw: 1, opus: undefined }[encoding];
}

/** The byte whose repetition is silence. Opus is encoded from floats, which are silent when they are zero. */
export const silenceByte = (encoding: AudioEncoding): number => (encoding === "mulaw" ? 0xff : 0);

/** Whether a frame is a gap on purpose, and no loss: it has no payload. */
export const isWithheld = ({ payload }: { readonly payload: ArrayBufferView }): boolean => payload.byteLength === 0;

/** Builds the bytes of an audio frame. @throws RangeError for a position that is no whole number. */
export function encodeAudioFrame(frame: WireAudioFrame): Bytes {
  const bytes = openAudioFrame(frame, frame.flags, frame.payload.byteLength);
  bytes.set(frame.payload, AUDIO_FRAME_HEADER_BYTES);
  return bytes;
}

/** The bytes of an audio frame whose payload is still to be written, behind the header. */
export function openAudioFrame(
  { sampleCount, position }: Pick<WireAudioFrame, "sampleCount" | "position">,
  flags: number,
  payloadBytes: number,
): Bytes {
  const bytes = new Uint8Array(AUDIO_FRAME_HEADER_BYTES + payloadBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, AUDIO_FRAME_KIND);
  view.setUint8(1, flags);
  view.setUint16(2, sampleCount, true);
  view.setUint32(4, position % TWO_32, true);
  view.setUint32(8, Math.floor(position / TWO_32), true);
  return bytes;
}

/**
 * @param format what the hello agreed on; a payload whose size does not fit it is refused.
 * @throws ShapeError naming what is wrong with the frame.
 */
export function decodeAudioFrame(
  bytes: Bytes,
  format: { readonly encoding: AudioEncoding; readonly channels: number },
): WireAudioFrame {
  if (bytes.byteLength <= AUDIO_FRAME_HEADER_BYTES) throw new ShapeError("An audio frame must have a payload.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getUint8(0);
  if (kind !== AUDIO_FRAME_KIND) throw new ShapeError(`A binary frame must be of kind 1, and is of kind ${kind}.`);
  const flags = view.getUint8(1);
  const { gap, muted, last, restart } = AudioFrameFlag;
  if ((flags & ~(gap | muted | last | restart)) !== 0)
    throw new ShapeError(`An audio frame's flags ${flags} are unknown.`);
  if ((flags & AudioFrameFlag.restart) !== 0 && format.encoding !== "opus") {
    throw new ShapeError(`An audio frame of ${format.encoding} must not restart a codec.`);
  }
  const sampleCount = view.getUint16(2, true);
  if (sampleCount === 0) throw new ShapeError("An audio frame must hold at least one sample.");
  const position = view.getUint32(8, true) * TWO_32 + view.getUint32(4, true);
  if (!Number.isSafeInteger(position + sampleCount)) {
    throw new ShapeError("An audio frame's position must stay below 2^53.");
  }
  const payload = bytes.subarray(AUDIO_FRAME_HEADER_BYTES);
  if (format.encoding === "opus") checkOpusPacket(payload);
  const size = bytesPerSample(format.encoding);
  if (size !== undefined && payload.byteLength !== size * format.channels * sampleCount) {
    throw new ShapeError(
      `An audio frame of ${sampleCount} samples must have ${size * format.channels * sampleCount} bytes, and has ${payload.byteLength}.`,
    );
  }
  return { flags, sampleCount, position, payload };
}

/** So that no decoder is given what is no packet, or would decode to more than a frame may hold. */
function checkOpusPacket(packet: Uint8Array): void {
  if (packet.byteLength > MAX_OPUS_PACKET_BYTES) {
    throw new ShapeError(
      `An Opus packet must have at most ${MAX_OPUS_PACKET_BYTES} bytes, and has ${packet.byteLength}.`,
    );
  }
  const durationMs = opusPacketDurationMs(packet);
  if (durationMs === undefined) throw new ShapeError("The payload must be one Opus packet.");
  if (durationMs < MIN_OPUS_PACKET_MS || durationMs > MAX_OPUS_PACKET_MS) {
    throw new ShapeError(
      `An Opus packet must be of ${MIN_OPUS_PACKET_MS} to ${MAX_OPUS_PACKET_MS} ms, and is of ${durationMs} ms.`,
    );
  }
}

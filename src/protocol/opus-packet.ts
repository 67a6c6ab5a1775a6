/** The rates in Hz at which Opus encodes and decodes; no other is taken for it. */
export const OPUS_SAMPLE_RATES: readonly number[] = [8_000, 12_000, 16_000, 24_000, 48_000];

/** The largest packet: 60 ms at the highest bit rate that Opus knows. */
export const MAX_OPUS_PACKET_BYTES = 3_840;
/** How long a packet may be: at least as long as what the codec needs to begin with, which leaves nothing of a shorter one. */
export const MIN_OPUS_PACKET_MS = 10;
/** The longest packet that encoders make. */
export const MAX_OPUS_PACKET_MS = 60;

const MAX_FRAME_BYTES = 1_275;
/** A length in one byte; a greater first byte says that another follows. */
const MAX_SHORT_LENGTH = 251;
const SILK_FRAMES_MS = [10, 20, 40, 60];
const HYBRID_FRAMES_MS = [10, 20];
const CELT_FRAMES_MS = [2.5, 5, 10, 20];

/**
 * How many milliseconds a packet decodes to, told by its first bytes; `undefined` for one that is not put together as
 * RFC 6716, section 3, says. What the frames in it hold is not looked at.
 */
export function opusPacketDurationMs(packet: Uint8Array): number | undefined {
  const toc = packet[0];
  if (toc === undefined) return undefined;
  const frameMs = frameDurationMs(toc >> 3);
  const layout = toc & 3;
  if (layout === 3) return severalFramesMs(packet, frameMs);
  const rest = packet.byteLength - 1;
  if (layout === 0) return rest <= MAX_FRAME_BYTES ? frameMs : undefined;
  const fits = layout === 1 ? rest % 2 === 0 && rest / 2 <= MAX_FRAME_BYTES : framesFit(packet, 1, rest, 2);
  return fits ? 2 * frameMs : undefined;
}

function frameDurationMs(config: number): number {
  const [durations, index] =
    config < 12
      ? [SILK_FRAMES_MS, config & 3]
      : config < 16
        ? [HYBRID_FRAMES_MS, config & 1]
        : [CELT_FRAMES_MS, config & 3];
  return durations[index] ?? 0;
}

/** A packet that says how many frames it has: all of one size, or each with its own length. */
function severalFramesMs(packet: Uint8Array, frameMs: number): number | undefined {
  const head = packet[1];
  if (head === undefined) return undefined;
  const count = head & 0x3f;
  let start = 2;
  let padding = 0;
  if ((head & 0x40) !== 0) {
    let byte = 255;
    while (byte === 255) {
      byte = packet[start] ?? 256;
      start += 1;
      padding += Math.min(byte, 254);
    }
    if (byte === 256) return undefined;
  }
  const rest = packet.byteLength - start - padding;
  if (count === 0 || rest < 0 || count * frameMs > 120) return undefined;
  const ownLengths = (head & 0x80) !== 0;
  const fits = ownLengths
    ? framesFit(packet, start, rest, count)
    : rest % count === 0 && rest / count <= MAX_FRAME_BYTES;
  return fits ? count * frameMs : undefined;
}

/** Whether `length` bytes hold the lengths of all frames but the last, and then the frames. */
function framesFit(packet: Uint8Array, start: number, length: number, count: number): boolean {
  let at = start;
  let frames = 0;
  for (let frame = 1; frame < count; frame += 1) {
    const first = packet[at] ?? 0;
    const isLong = first > MAX_SHORT_LENGTH;
    frames += isLong ? first + 4 * (packet[at + 1] ?? 0) : first;
    at += isLong ? 2 : 1;
  }
  const last = length - (at - start) - frames;
  return last >= 0 && last <= MAX_FRAME_BYTES;
}

import type { WireAudioFrame } from "loquilex/protocol";
import type { Stretch } from "../../recording/audio-backlog.js";

/** Where a piece of audio begins, and where it ends. */
export interface Piece {
  readonly from: number;
  readonly to: number;
}

export interface PieceWithBytes extends Piece {
  readonly bytes: Buffer;
}

/** Audio that came out of Redis, as it goes in again. */
export const toPiece = ({ position, sampleCount, payload }: WireAudioFrame): PieceWithBytes => ({
  from: position,
  to: position + sampleCount,
  bytes: Buffer.from(payload),
});

/** So much audio goes into one write, so that even a slow line has one done before anybody doubts it. */
const MAX_WRITE_BYTES = 65_536;

/** Cuts what was gathered into pieces of which each fits into a write. It is copied. */
export function cutIntoPieces({ position, sampleCount }: Stretch, gathered: Uint8Array): PieceWithBytes[] {
  const bytes = Buffer.from(gathered);
  const sampleBytes = bytes.byteLength / sampleCount;
  const most = Math.floor(MAX_WRITE_BYTES / sampleBytes);
  const pieces: PieceWithBytes[] = [];
  for (let done = 0; done < sampleCount; done += most) {
    const end = Math.min(done + most, sampleCount);
    const part = bytes.subarray(done * sampleBytes, end * sampleBytes);
    pieces.push({ from: position + done, to: position + end, bytes: part });
  }
  return pieces;
}

/** The first of them, as many as one write takes. */
export function fitOneWrite(pieces: readonly PieceWithBytes[]): readonly PieceWithBytes[] {
  let bytes = 0;
  const beyond = pieces.findIndex((piece) => {
    bytes += piece.bytes.byteLength;
    return bytes > MAX_WRITE_BYTES;
  });
  return beyond === -1 ? pieces.slice() : pieces.slice(0, Math.max(1, beyond));
}

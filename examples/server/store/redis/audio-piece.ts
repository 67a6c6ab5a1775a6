import type { WireAudioFrame } from "loquilex/protocol";

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

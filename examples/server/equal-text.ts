import { timingSafeEqual } from "node:crypto";

/** Compares secrets without telling by its duration how much of a guess was right. */
export function equalText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

/** A number from 0 up to, not including, 1. */
export type Random = () => number;

/** 128 random bits from the system's cryptographic source, as 32 hexadecimal digits. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

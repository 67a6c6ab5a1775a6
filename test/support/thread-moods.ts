/** What a piece of audio does to `threads/moody-thread.ts`, by its first byte. */
export const Mood = { fine: 0, throws: 1, dies: 2, hangs: 3, slow: 4 } as const;

/** A piece of 16-bit audio. */
export function moodyAudio(mood: keyof typeof Mood, samples = 320): Uint8Array {
  const bytes = new Uint8Array(2 * samples);
  bytes[0] = Mood[mood];
  return bytes;
}

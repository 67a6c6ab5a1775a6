import { expect } from "vitest";

/** Asks until the answer is as expected, for as long as a busy machine may need. */
export const eventually = <T>(probe: () => T) => expect.poll(probe, { timeout: 15_000, interval: 50 });

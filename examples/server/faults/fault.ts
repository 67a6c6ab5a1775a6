/**
 * What can be wrong with a line: `cut` resets its connections and refuses new ones, `black-hole` holds everything back in both
 * directions without a word to either end, and `slow` lets 16,000 bytes a second through in each direction.
 */
export const FAULTS = ["cut", "black-hole", "slow"] as const;
export type Fault = (typeof FAULTS)[number];

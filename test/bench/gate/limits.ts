/** The noise in which the gate is held to its limits, in dB below speech. */
export const TARGET_SNR_DB = 20;
/** What it may send, as a share of speech with the hangover after it. */
export const MOST_AUDIO = 1.05;
/** Of one core. */
export const MOST_CPU_PERCENT = 0.2;

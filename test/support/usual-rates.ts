/** What devices run at, in Hz. */
export const INPUT_RATES = [
  8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000,
];
/** What is put on the wire, in Hz. */
export const OUTPUT_RATES = [8_000, 16_000, 24_000, 48_000];
/** Each with each, equal ones included. */
export const RATE_PAIRS = INPUT_RATES.flatMap((from) => OUTPUT_RATES.map((to) => ({ from, to })));

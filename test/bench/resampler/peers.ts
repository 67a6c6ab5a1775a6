/** What pages do instead, each in the way it is found in them. All take and give one channel, whole. */
export type Converter = (input: Float32Array, inputRate: number, outputRate: number) => Float32Array;

/** Each output sample lies on the straight line between its two neighbours. */
export const interpolateLinearly: Converter = (input, inputRate, outputRate) =>
  Float32Array.from({ length: Math.floor((input.length * outputRate) / inputRate) }, (_, k) => {
    const place = (k * inputRate) / outputRate;
    const before = Math.floor(place);
    const first = input[before] ?? 0;
    return first + (place - before) * ((input[before + 1] ?? first) - first);
  });

/** Each output sample is the mean of the input samples of its time. */
export const averageInBoxes: Converter = (input, inputRate, outputRate) =>
  Float32Array.from({ length: Math.floor((input.length * outputRate) / inputRate) }, (_, k) => {
    const from = Math.round((k * inputRate) / outputRate);
    const to = Math.round(((k + 1) * inputRate) / outputRate);
    let sum = 0;
    for (let index = from; index < to; index += 1) sum += input[index] ?? 0;
    return sum / (to - from);
  });

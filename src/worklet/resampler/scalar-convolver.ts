import { convolveBetweenPhases, convolvePhases, decimate } from "./convolution.js";
import type { OpenConvolver } from "./convolver.js";

/** Filters by plain arithmetic in double precision, between any two rates. Runs everywhere. */
export const openScalarConvolver: OpenConvolver = (filter, ratio, historyLength) => {
  const { rows, phases, halfLength } = filter;
  const { up, down } = ratio;
  const width = 2 * halfLength;
  const history = new Float64Array(historyLength);
  return {
    kernel: "scalar",
    width,
    history,
    convolve(start, phase, output, offset, count) {
      if (up === 1) decimate(rows, halfLength, down, history, start, output, offset, count);
      else if (phases === up) convolvePhases(rows, width, up, down, history, start, phase, output, offset, count);
      else convolveBetweenPhases(rows, width, phases, up, down, history, start, phase, output, offset, count);
    },
    twin: () => openScalarConvolver(filter, ratio, historyLength),
  };
};

import type { OpenConvolver } from "../../src/worklet/resampler/convolver.js";
import { openScalarConvolver } from "../../src/worklet/resampler/scalar-convolver.js";
import { openFastestConvolver } from "../../src/worklet/resampler/simd-convolver.js";

/** Refuses to be anything but SIMD between rates for which there is SIMD, so that nothing is measured by mistake. */
const openSimdConvolver: OpenConvolver = (filter, ratio, historyLength) => {
  const convolver = openFastestConvolver(filter, ratio, historyLength);
  if (filter.phases === ratio.up && convolver.kernel !== "simd") {
    throw new Error("The SIMD kernel does not run here.");
  }
  return convolver;
};

/** What the resampler computes with. */
export const RESAMPLER_KERNELS = [
  { kernel: "TypeScript", open: openScalarConvolver },
  { kernel: "WebAssembly", open: openSimdConvolver },
] as const satisfies readonly { readonly kernel: string; readonly open: OpenConvolver }[];

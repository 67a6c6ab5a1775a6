import { describe, expect, it } from "vitest";
import { assembleWat } from "../support/assemble-wat.js";
import { textOf } from "../support/source-files.js";

const FOLDER = "src/worklet/resampler";

/** How the file with the bytes is written. */
function moduleOf(bytes: Uint8Array): string {
  return `// The bytes of simd-kernel.wat, which says how they are written anew.
// biome-ignore format: as short as it goes.
export const SIMD_KERNEL = new Uint8Array([${bytes.join()}]);
`;
}

describe("the bytes of the SIMD kernel", () => {
  it("are what its source is assembled to", async () => {
    const bytes = assembleWat(textOf(`${FOLDER}/simd-kernel.wat`));
    await expect(moduleOf(bytes)).toMatchFileSnapshot(`../../${FOLDER}/simd-kernel.ts`);
  });
});

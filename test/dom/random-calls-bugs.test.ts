import type { Plugin } from "vite";
import { describe, expect, it } from "vitest";
import { PAGE_TIME } from "../calls/page-time.js";
import { CALL_BUGS, type CallBug } from "../calls/planted-bugs.js";
import type * as RunCalls from "../calls/run-calls.js";
import { importWith } from "../support/planted-bug.js";

const ENTRY = "test/calls/run-calls.ts";
/** Each bug shows itself within the first 60 today; what changes the draws of a seed may take some more. */
const MAX_SEEDS = 200;

/** There is no audio thread to load a module, and what a bug leaves behind is judged by the run itself. */
const BARE: Plugin = {
  name: "bare",
  enforce: "pre",
  resolveId: (source) => (source === "virtual:capture-worklet" ? source : undefined),
  load: (id) => {
    if (id === "virtual:capture-worklet") return 'export default "";';
    return id.endsWith("/test/support/resource-monitor.ts") ? "export const recordResource = () => {};" : undefined;
  },
};

/** Runs sequences against the wrong version until one is judged to be wrong. @returns its seed. */
async function hunt(bug: CallBug): Promise<number | undefined> {
  const { runCalls } = await importWith<typeof RunCalls>(bug, ENTRY, [BARE]);
  for (let seed = 1; seed <= MAX_SEEDS; seed += 1) {
    const { problems } = await runCalls(seed, bug.world, PAGE_TIME);
    if (problems.length > 0) return seed;
  }
  return undefined;
}

describe("random calls tell a wrong stream or capture from the right one", () => {
  it.each(CALL_BUGS.map((bug) => [bug.name, bug] as const))("%s", { timeout: 120_000 }, async (_, bug) => {
    expect(await hunt(bug)).toBeDefined();
  });
});

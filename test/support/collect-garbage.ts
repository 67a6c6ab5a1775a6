import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Collects what nothing refers to, and lets the finalisers run. */
export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    // What was looked at through a weak reference lives until the task ends.
    await new Promise((resolve) => setTimeout(resolve, 5));
    gc();
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Vitest's setup of every test file: what a test leaves behind fails it, with the name of what leaked and where it was made. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { describeLeaks, growthSince, installResourceMonitor, type Snapshot, snapshot } from "./resource-monitor.js";

/** What ends by itself, such as a socket that is closing, has so long. */
const SETTLE_MS = 2_000;
const STEP_MS = 20;

const { setTimeout } = globalThis;
setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

installResourceMonitor();

async function expectNoGrowth(before: Snapshot): Promise<void> {
  for (let waitedMs = 0; growthSince(before).length > 0; waitedMs += STEP_MS) {
    if (waitedMs >= SETTLE_MS) throw new Error(describeLeaks(growthSince(before)));
    // A listener on a target that nothing refers to is no leak.
    if (waitedMs % 500 === 0) gc();
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

let atStart: Snapshot | undefined;
beforeAll(() => {
  atStart = snapshot();
});
afterAll(async () => {
  if (atStart !== undefined) await expectNoGrowth(atStart);
});

// Hooks that are registered first run last: the test's own have cleaned up by then. Tests that run side by side share
// what they make, so that only the end of the file tells.
beforeEach(({ task, onTestFinished }) => {
  if (task.concurrent) return;
  const before = snapshot();
  onTestFinished(() => expectNoGrowth(before));
});

/**
 * `npm run test:calls -- --sequences 20000 [--first 1] [--devices polite|rude|platform]`: so many random sequences of
 * calls, on two processes if they are many, and how they ended.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { startVitest } from "vitest/node";
import { add, type CallTotals, lineOf, noTotals } from "./call-totals.js";

/** Fewer sequences than this are sooner done in one process. */
const MANY_SEQUENCES = 400;

const { values } = parseArgs({
  options: {
    sequences: { type: "string", default: "20000" },
    first: { type: "string", default: "1" },
    devices: { type: "string", default: "" },
  },
});
const sequences = Number(values.sequences);
const processes = sequences >= MANY_SEQUENCES ? Math.min(2, availableParallelism()) : 1;
const share = Math.ceil(sequences / processes);

async function runShare(index: number): Promise<CallTotals[]> {
  const vitest = await startVitest("test", ["test/dom/random-calls.test.ts"], {
    run: true,
    watch: false,
    project: ["dom"],
    env: {
      LX_CALL_SEQUENCES: String(Math.min(share, sequences - index * share)),
      LX_CALL_FIRST: String(Number(values.first) + index * share),
      LX_CALL_DEVICES: values.devices,
    },
  });
  const tests = vitest.state.getTestModules().flatMap((module) => Array.from(module.children.allTests()));
  const totals = tests.flatMap((test) => test.meta().totals ?? []);
  await vitest.close();
  return totals;
}

const totals = noTotals();
const parts = await Promise.all(Array.from({ length: processes }, (_, index) => runShare(index)));
for (const part of parts.flat()) add(totals, part);
console.log(lineOf(totals));

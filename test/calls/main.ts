/**
 * `npm run test:calls -- --sequences 20000 [--first 1] [--devices polite|rude|platform]`: so many random sequences of calls,
 * and how they ended.
 */
import { parseArgs } from "node:util";
import { startVitest } from "vitest/node";

const { values } = parseArgs({
  options: {
    sequences: { type: "string", default: "20000" },
    first: { type: "string", default: "1" },
    devices: { type: "string", default: "" },
  },
});
process.env.LX_CALL_SEQUENCES = values.sequences;
process.env.LX_CALL_FIRST = values.first;
process.env.LX_CALL_DEVICES = values.devices;
const vitest = await startVitest("test", ["test/dom/random-calls.test.ts"], {
  run: true,
  watch: false,
  project: ["dom"],
});
await vitest.close();

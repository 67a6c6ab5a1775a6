/** `npm run test:calls -- --sequences 20000 [--first 1]`: so many random sequences of calls, and how they ended. */
import { parseArgs } from "node:util";
import { startVitest } from "vitest/node";

const { values } = parseArgs({
  options: { sequences: { type: "string", default: "20000" }, first: { type: "string", default: "1" } },
});
process.env.LX_CALL_SEQUENCES = values.sequences;
process.env.LX_CALL_FIRST = values.first;
const vitest = await startVitest("test", ["test/dom/random-calls.test.ts"], {
  run: true,
  watch: false,
  project: ["dom"],
});
await vitest.close();

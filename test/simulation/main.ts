import { parseArgs } from "node:util";
import { simulate, traceOf } from "./simulate.js";
import { simulateInProcesses } from "./simulate-in-processes.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    first: { type: "string", default: "1" },
    seed: { type: "string" },
  },
});

if (values.seed !== undefined) {
  const { verdict, log } = simulate(Number(values.seed));
  console.log(log.join("\n"));
  console.log(JSON.stringify(verdict, null, 2));
  if (verdict.problems.length > 0) {
    console.error(traceOf(Number(values.seed)) ?? "");
    process.exitCode = 1;
  }
} else {
  const started = performance.now();
  const { totals, failures } = await simulateInProcesses(Number(values.first), Number(values.seeds));
  const { seeds, faults, frames, lostSamples, duplicatedMessages } = totals;
  const rate = Math.round(faults / ((performance.now() - started) / 1_000));
  console.log(
    `seeds ${seeds}, faults ${faults}, frames ${frames}, lost ${lostSamples}, duplicated ${duplicatedMessages}, ${rate} faults a second`,
  );
  for (const { seed, problems } of failures) {
    console.error(`Seed ${seed} broke a promise (replay it with --seed ${seed}):\n${problems.join("\n")}`);
    process.exitCode = 1;
  }
}

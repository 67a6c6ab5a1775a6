import { parseArgs } from "node:util";
import { simulate, simulateMany } from "./simulate.js";

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
  process.exitCode = verdict.problems.length > 0 ? 1 : 0;
} else {
  const started = performance.now();
  const { totals, failure } = simulateMany(Number(values.first), Number(values.seeds));
  const seconds = (performance.now() - started) / 1_000;
  console.log(
    `seeds ${totals.seeds}, faults ${totals.faults}, frames ${totals.frames}, lost ${totals.lostSamples}, duplicated ${totals.duplicatedEvents}, ${Math.round(totals.faults / seconds)} faults a second`,
  );
  if (failure !== undefined) {
    console.error(
      `Seed ${failure.seed} broke a promise (replay it with --seed ${failure.seed}):\n${failure.problems.join("\n")}`,
    );
    process.exitCode = 1;
  }
}

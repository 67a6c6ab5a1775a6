import { simulateMany } from "./simulate.js";

const [first, count] = process.argv.slice(2).map(Number);
if (first === undefined || count === undefined) throw new Error("Usage: worker.ts FIRST COUNT");
process.send?.(simulateMany(first, count));

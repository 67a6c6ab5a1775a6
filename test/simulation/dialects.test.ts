import { describe, expect, it } from "vitest";
import { DIALECT_SUBJECTS } from "../support/dialects/dialect-subjects.js";
import { simulateDialect } from "./dialects/simulate-dialect.js";

const SEEDS = Number(process.env.LX_DIALECT_SEEDS ?? 3);
const FIRST_SEED = Number(process.env.LX_DIALECT_FIRST_SEED ?? 0);

describe.each(Object.keys(DIALECT_SUBJECTS))("%s", (name) => {
  it.each(Array.from({ length: SEEDS }, (_, n) => FIRST_SEED + n))(
    "has each word once, in order and in its place, in spite of cuts and silence, seed %i",
    (seed) => {
      expect(simulateDialect(name, seed)).toEqual([]);
    },
  );
});

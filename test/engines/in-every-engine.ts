import { afterAll, beforeAll, describe, inject } from "vitest";
import { Stage } from "./stage.js";

/** Plays scenes in each engine that is there, each on a stage of its own, which the scenes get when they run. */
export function inEveryEngine(what: string, scenes: (stage: () => Stage) => void): void {
  describe.each(inject("engines"))(`${what} in $name`, (engine) => {
    let set: Stage | undefined;

    beforeAll(async () => {
      set = await Stage.set(engine);
    });

    afterAll(async () => {
      await set?.[Symbol.asyncDispose]();
    });

    scenes(() => {
      if (set === undefined) throw new Error("The stage is set when the scenes run, not before.");
      return set;
    });
  });
}

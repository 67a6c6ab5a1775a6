import { afterAll, beforeAll, describe, inject } from "vitest";
import type { EngineName } from "../support/engines/engine-page.js";
import { controlScenes } from "./control-scenes.js";
import { deviceScenes } from "./device-scenes.js";
import { formatScenes } from "./format-scenes.js";
import { gateScenes } from "./gate-scenes.js";
import { pageScenes } from "./page-scenes.js";
import { speechScenes } from "./speech-scenes.js";
import { Stage } from "./stage.js";

/** The scenes that every engine plays. Each has a file of its own, so that two can be tested at a time. */
export function engineSuite(name: EngineName): void {
  const engine = inject("engines").find((found) => found.name === name);

  // Which engines have to be there is LX_ENGINES' to say; the setup names those that are not.
  describe.skipIf(engine === undefined)(`in ${name}`, () => {
    let set: Stage | undefined;

    beforeAll(async () => {
      if (engine !== undefined) set = await Stage.set(engine);
    });

    afterAll(async () => {
      await set?.[Symbol.asyncDispose]();
    });

    const stage = (): Stage => {
      if (set === undefined) throw new Error("The stage is set when the scenes run, not before.");
      return set;
    };

    describe("a stream with a gate", () => gateScenes(stage));
    describe("speech", () => speechScenes(stage));
    describe("one microphone that several streams share", () => formatScenes(stage));
    describe("a stream", () => controlScenes(stage));
    describe("the microphone", () => deviceScenes(stage));
    describe("a page", () => pageScenes(stage, name));
  });
}

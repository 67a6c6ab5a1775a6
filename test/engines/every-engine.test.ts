import { afterAll, beforeAll, describe, inject } from "vitest";
import { controlScenes } from "./control-scenes.js";
import { deviceScenes } from "./device-scenes.js";
import { formatScenes } from "./format-scenes.js";
import { speechScenes } from "./speech-scenes.js";
import { Stage } from "./stage.js";

describe.each(inject("engines"))("in $name", (engine) => {
  let set: Stage | undefined;

  beforeAll(async () => {
    set = await Stage.set(engine);
  });

  afterAll(async () => {
    await set?.[Symbol.asyncDispose]();
  });

  const stage = (): Stage => {
    if (set === undefined) throw new Error("The stage is set when the scenes run, not before.");
    return set;
  };

  describe("speech", () => speechScenes(stage));
  describe("one microphone that several streams share", () => formatScenes(stage));
  describe("a stream", () => controlScenes(stage));
  describe("the microphone", () => deviceScenes(stage));
});

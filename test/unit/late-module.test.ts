import { expect, it } from "vitest";
import { LateModule } from "../../src/internal/late-module.js";

it("loads a module once, when it is asked for first, and knows it from then on", async () => {
  let loads = 0;
  const late = new LateModule(async () => {
    loads += 1;
    return { answer: 42 };
  });
  expect([loads, late.loaded]).toEqual([0, undefined]);
  await Promise.all([late.load(), late.load()]);
  expect(await late.load()).toEqual({ answer: 42 });
  expect([loads, late.loaded]).toEqual([1, { answer: 42 }]);
});

it("tries again after a load that has failed", async () => {
  const outcomes = [Promise.reject(new Error("The network is down.")), Promise.resolve("module")];
  const late = new LateModule(() => outcomes.shift() ?? Promise.reject(new Error("Too often.")));
  await expect(late.load()).rejects.toThrow("The network is down.");
  expect(late.loaded).toBeUndefined();
  expect(await late.load()).toBe("module");
});

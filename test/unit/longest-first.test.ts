import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LONGEST } from "../support/longest-first.js";

describe("the files that begin first, because they take longest", () => {
  it.each(LONGEST)("%s exists", (path) => {
    expect(existsSync(join(import.meta.dirname, "..", path))).toBe(true);
  });
});

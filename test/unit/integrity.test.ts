import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { withIntegrity } from "../../.config/integrity.js";
import { textOf } from "../support/source-files.js";

describe("the script element of the README", () => {
  it("gets the hash and the version of what is released, and nothing else is changed", () => {
    const readme = textOf("README.md");
    const script = new TextEncoder().encode("the script");
    const hash = createHash("sha384").update("the script").digest("base64");
    const renewed = withIntegrity(readme, "1.2.3", script);
    expect(renewed).toContain(`integrity="sha384-${hash}"`);
    expect(renewed).toContain("loquilex@1.2.3/dist/loquilex.iife.js");
    const lines = readme.split("\n");
    expect(renewed.split("\n").filter((line, index) => line !== lines[index])).toHaveLength(2);
    expect(withIntegrity(renewed, "1.2.3", script)).toBe(renewed);
  });

  it("is demanded", () => {
    expect(() => withIntegrity("nothing", "1.2.3", new Uint8Array())).toThrow("integrity");
  });
});

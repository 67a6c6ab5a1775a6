import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.js";

const ROOT = join(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const workflow = readFileSync(join(ROOT, ".github/workflows/release.yml"), "utf8");

/** What npm says and does before it publishes a package with this manifest. */
async function publish(origin: object): Promise<{ readonly status: number | null; readonly said: string }> {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "loquilex", version: "0.0.0", ...origin }));
  const program = ["--import", import.meta.resolve("tsx"), join(ROOT, ".config/publishable.ts")];
  const { status, stderr } = spawnSync(process.execPath, program, { cwd: folder, encoding: "utf8" });
  return { status, said: stderr };
}

const REPOSITORY = { type: "git", url: "git+https://git.example.org/somebody/loquilex.git" };
const HOMEPAGE = "https://git.example.org/somebody/loquilex#readme";

describe("publishing", () => {
  test.each([
    [{}, "repository.url and no homepage"],
    [{ repository: REPOSITORY }, "homepage"],
    [{ repository: { type: "git", url: "" }, homepage: HOMEPAGE }, "repository.url"],
  ])("%j is refused with what is missing and what to do", async (origin, missing) => {
    const { status, said } = await publish(origin);
    expect(status).toBe(1);
    expect(said).toContain(`package.json has no ${missing}, so that`);
    expect(said).toContain("Push a version tag");
  });

  test("a package that says where it comes from is not held up", async () => {
    expect(await publish({ repository: REPOSITORY, homepage: HOMEPAGE })).toEqual({ status: 0, said: "" });
  });

  test("asks for that whoever publishes, and the release names its own repository before it does", () => {
    expect(manifest.scripts.prepublishOnly).toContain(".config/publishable.ts");
    const steps = ["npm pkg set repository.type=git repository.url=", "homepage=", "- run: npm publish --provenance"];
    const places = steps.map((step) => workflow.indexOf(step));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(workflow).not.toContain("--ignore-scripts");
  });
});

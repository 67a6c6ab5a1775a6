import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { REFERENCE, writeReference } from "../../.config/docs/reference.js";
import { ROOT } from "../package/consumer.js";
import { temporaryFolder } from "../support/temporary-folder.js";

async function pagesIn(folder: string): Promise<Record<string, string>> {
  const paths = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith(".md")).sort();
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path), "utf8")] as const)),
  );
}

it("the reference in the repository is what the comments say, and every public symbol has one", async () => {
  await promisify(execFile)(process.execPath, [join(ROOT, "node_modules/typescript/lib/tsc.js"), "-p", "src"], {
    cwd: ROOT,
  });
  const folder = await temporaryFolder();
  await writeReference(folder);
  const written = await pagesIn(folder);
  expect(Object.keys(written).length).toBeGreaterThan(5);
  expect(await pagesIn(REFERENCE), "Run npm run reference.").toEqual(written);
});

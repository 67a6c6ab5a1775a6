import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiReports, keptReports } from "../../.config/api-report.js";
import { ROOT } from "./consumer.js";

const run = promisify(execFile);

describe("the tarball, before judges that others have made,", () => {
  let folder: string;
  let tarball: Buffer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "loquilex-tarball-"));
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: ROOT });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    tarball = await readFile(join(folder, filename));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is published as publint wants packages", async () => {
    const { buffer, byteOffset, byteLength } = tarball;
    const packed = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    const { messages, pkg } = await publint({ pack: { tarball: packed }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg ?? {}, { color: false }))).toEqual([]);
  });

  // There are ES modules only, which `require()` takes from Node 20.19 on; TypeScript says so of each entry.
  it("has types that are right for whoever imports them", async () => {
    const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { exports: object };
    const entrypoints = Object.entries(manifest.exports).flatMap(([name, target]) => (target.types ? [name] : []));
    expect(entrypoints).toEqual(expect.arrayContaining([".", "./protocol", "./resources"]));
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)), { entrypoints });
    if (analysis.types === false) throw new Error("No types were found.");
    const found = analysis.problems.map((problem) => {
      const place = "entrypoint" in problem ? `${problem.entrypoint} under ${problem.resolutionKind}` : "";
      return `${problem.kind} ${place}`.trim();
    });
    expect(found.filter((problem) => !isAccepted(problem))).toEqual([]);
  });
});

/** `node10` is the resolution of TypeScript that reads no `exports`, and has been given up. */
const isAccepted = (problem: string): boolean =>
  /^CJSResolvesToESM .* under node16-cjs$|^NoResolution .* under node10$/.test(problem);

describe("the project", () => {
  it("has no file, export or dependency that nothing uses", async () => {
    const { stdout } = await run(
      join(ROOT, "node_modules/.bin/knip"),
      ["--config", ".config/knip.json", "--no-progress", "--no-exit-code"],
      {
        cwd: ROOT,
      },
    );
    expect(stdout.trim()).toBe("");
  });

  // Whoever means to change what the package offers runs `npm run api-report`, and the change is there to be reviewed.
  it("offers what its reports in docs/api-report say, and nothing else", async () => {
    const [reports, kept] = await Promise.all([apiReports(), keptReports()]);
    expect([...reports.keys()].toSorted()).toEqual([...kept.keys()].toSorted());
    for (const [name, text] of reports) expect(text, `${name}: npm run api-report renews it`).toBe(kept.get(name));
  });
});

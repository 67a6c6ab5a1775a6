import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { RESOLUTIONS, typedApplication } from "../package/typed-application.js";
import { MORE, project } from "./more.js";

const run = promisify(execFile);

// The oldest and the newest have their tests in `package/package.test.ts`.
describe.each(["5.7", "5.8", "5.9", "6.0"])("the packed package under TypeScript %s", (version) => {
  it.each(RESOLUTIONS)("has types that resolve and fit with %s", async (resolution) => {
    const folder = await project(typedApplication(resolution));
    const compiler = join(MORE, `node_modules/typescript-${version}/lib/tsc.js`);
    const says = async (...args: readonly string[]): Promise<string> => {
      const { stdout } = await run(process.execPath, [compiler, ...args], { cwd: folder }).catch((error) => error);
      return stdout.trim();
    };
    expect(await says("--version")).toMatch(`Version ${version}.`);
    expect(await says("-p", ".")).toBe("");
  });
});

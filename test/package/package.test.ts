import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { integrityOf } from "../../.config/integrity.js";
import { Consumer, ROOT } from "./consumer.js";
import { RESOLUTIONS, typedApplication } from "./typed-application.js";

/** @returns the path of the oldest supported compiler, which is installed if it is not there yet. */
async function oldestTypeScript(): Promise<string> {
  const folder = join(import.meta.dirname, "oldest-typescript");
  const path = join(folder, "node_modules/typescript/lib/tsc.js");
  if (!existsSync(path)) await promisify(execFile)("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder });
  return path;
}

describe("the packed package", () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await Consumer.install();
    console.log(`The tarball has ${consumer.packedBytes} bytes in ${consumer.files.length} files.`);
  });

  afterAll(() => consumer[Symbol.asyncDispose]());

  it("holds the build, its types, the readme and the licence, and nothing of the workshop", () => {
    const paths = consumer.files.map(({ path }) => path);
    for (const path of [
      "package.json",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "docs/llms.txt",
      "docs/start.md",
      "dist/index.js",
      "dist/index.d.ts",
    ]) {
      expect(paths).toContain(path);
    }
    expect(
      paths.filter(
        (path) =>
          !/^(dist\/(?!demo\/)|docs\/[\w-]+\.(md|txt)$|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(path),
      ),
    ).toEqual([]);
    expect(consumer.packedBytes).toBeLessThan(1_280_000);
  });

  it("has a file for every address that its package.json offers", async () => {
    const { exports, main, module, types, unpkg, jsdelivr } = JSON.parse(
      await readFile(consumer.installed("package.json"), "utf8"),
    );
    const targets = [main, module, types, unpkg, jsdelivr, ...Object.values(exports)].flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target as Record<string, string>),
    );
    expect(targets.length).toBeGreaterThan(8);
    for (const target of targets) expect(existsSync(consumer.installed(target)), target).toBe(true);
  });

  it("tells a language model of files that it has", async () => {
    const text = await readFile(consumer.installed("docs/llms.txt"), "utf8");
    const linked = Array.from(text.matchAll(/\]\(([^)]+)\)/g), ([, path = ""]) => normalize(join("docs", path)));
    expect(consumer.files.map(({ path }) => path)).toEqual(expect.arrayContaining(linked));
    expect(linked.length).toBeGreaterThan(5);
  });

  it("has the script whose hash the README shows", async () => {
    const script = await readFile(consumer.installed("dist/loquilex.iife.js"));
    const readme = await readFile(consumer.installed("README.md"), "utf8");
    expect(readme, "Run `npm run integrity`, and commit the README.").toContain(`integrity="${integrityOf(script)}"`);
  });

  it("needs no other package", async () => {
    expect(await readdir(join(consumer.folder, "node_modules"))).toEqual([".bin", ".package-lock.json", "loquilex"]);
    expect(await readdir(join(consumer.folder, "node_modules/.bin"))).toEqual(["loquilex"]);
  });

  it("names no folder of the machine that built it", async () => {
    for (const { path } of consumer.files) {
      expect(await readFile(consumer.installed(path), "utf8"), path).not.toContain(ROOT);
    }
  });

  // ricky0123/vad#32: "window is not defined" as soon as a server renders the page.
  it("does nothing when plain Node imports it, and throws nothing", async () => {
    await consumer.write(
      "import.js",
      `
      const names = () => Reflect.ownKeys(globalThis).map(String).sort();
      const before = { names: names(), resources: process.getActiveResourcesInfo() };
      const sdk = await import("loquilex");
      const protocol = await import("loquilex/protocol");
      const resources = await import("loquilex/resources");
      const after = { names: names(), resources: process.getActiveResourcesInfo() };
      const stream = sdk.createMicrophoneStream("wss://example.org/");
      console.log(JSON.stringify({
        before, after, state: stream.state, support: sdk.checkSupport(),
        exports: { sdk: Object.keys(sdk), protocol: Object.keys(protocol), resources: Object.keys(resources) },
        stillActive: process.getActiveResourcesInfo(),
      }));
      `,
    );
    const output = await consumer.run("node", "import.js");
    expect(output.trim().split("\n")).toHaveLength(1);
    const { before, after, state, support, exports, stillActive } = JSON.parse(output);
    expect(after).toEqual(before);
    expect(stillActive).toEqual(before.resources);
    expect(state).toBe("idle");
    expect(support.supported).toBe(false);
    expect(exports.sdk).toEqual(expect.arrayContaining(["AudioStream", "createMicrophoneStream", "version"]));
    expect(exports.protocol).toEqual(expect.arrayContaining(["parseClientMessage", "decodeAudioFrame"]));
    expect(exports.resources).toContain("Scope");
  });

  it("rejects start() in plain Node with a code, and lets the process end", async () => {
    await consumer.write(
      "start.js",
      `
      import { createMicrophoneStream, isAudioStreamError } from "loquilex";
      const stream = createMicrophoneStream("wss://example.org/");
      await stream.start().catch((error) => console.log(isAudioStreamError(error), error.code));
      console.log((await stream.closed).outcome);
      `,
    );
    expect((await consumer.run("node", "start.js")).trim().split("\n")).toEqual(["true insecure-context", "failed"]);
  });

  it("tells its version as package.json does", async () => {
    const { version } = JSON.parse(await readFile(consumer.installed("package.json"), "utf8"));
    await consumer.write("version.js", `import { version } from "loquilex"; console.log(version);`);
    expect((await consumer.run("node", "version.js")).trim()).toBe(version);
  });

  // TS2315 under TypeScript 5.6 with skipLibCheck: false.
  for (const compiler of ["this project's TypeScript", "TypeScript 5.6"]) {
    it.each(RESOLUTIONS)(`has types that resolve and fit for ${compiler} with %s`, async (resolution) => {
      for (const [path, text] of Object.entries(typedApplication(resolution))) await consumer.write(path, text);
      const output = await (compiler === "TypeScript 5.6"
        ? consumer.run("node", await oldestTypeScript(), "-p", ".")
        : consumer.run("tsc", "-p", "."));
      expect(output).toBe("");
    });
  }

  it("is bundled by vite with its worklet and what is loaded later, and leaves out what is not used", async () => {
    await consumer.write(
      "whole.js",
      `
      import { createMicrophoneStream } from "loquilex";
      import workletUrl from "loquilex/capture.worklet.js?url&no-inline";
      globalThis.app = createMicrophoneStream("wss://example.org/", { microphone: { workletUrl } });
      `,
    );
    await consumer.write(
      "part.js",
      `
      import { isAudioStreamError } from "loquilex";
      globalThis.app = isAudioStreamError;
      `,
    );
    const bundle = async (entry: string) => {
      const result = await build({
        root: consumer.folder,
        configFile: false,
        logLevel: "warn",
        build: {
          modulePreload: false,
          rolldownOptions: { input: join(consumer.folder, entry) },
          outDir: `out-${entry}`,
        },
      });
      const { output } = (Array.isArray(result) ? result[0] : result) as {
        output: { type: string; fileName: string; code?: string; isEntry?: boolean }[];
      };
      return output;
    };
    const whole = await bundle("whole.js");
    const worklet = whole.find(({ fileName }) => /capture\.worklet.*\.js$/.test(fileName));
    expect(worklet?.type).toBe("asset");
    const entry = whole.find(({ isEntry }) => isEntry === true)?.code;
    expect(entry).toContain(worklet?.fileName);
    // What the page need not load is in files of its own.
    const later = whole.filter(({ type, isEntry }) => type === "chunk" && isEntry !== true);
    expect(later.map(({ fileName }) => fileName.replace(/-[\w-]{8}\.js$/, ""))).toEqual(
      expect.arrayContaining(["assets/running-side", "assets/worklet"]),
    );
    for (const { fileName } of later) expect(entry).toContain(fileName.replace("assets/", "./"));
    await consumer.write(
      "support.js",
      `
      import { checkSupport } from "loquilex";
      globalThis.app = checkSupport;
      `,
    );
    for (const [name, bytes] of [
      ["part.js", 3_000],
      ["support.js", 2_000],
    ] as const) {
      const part = await bundle(name);
      expect(part).toHaveLength(1);
      expect(part[0]?.code?.length, name).toBeLessThan(bytes);
    }
  });

  it("has declarations of what its entries offer, and of nothing else", async () => {
    const { exports } = JSON.parse(await readFile(consumer.installed("package.json"), "utf8"));
    const reached = new Set(
      Object.values<string | { types?: string }>(exports).flatMap((target) =>
        typeof target === "object" && target.types !== undefined ? [normalize(target.types)] : [],
      ),
    );
    expect(reached.size).toBeGreaterThan(2);
    for (const path of reached) {
      const text = await readFile(consumer.installed(path), "utf8");
      // A word of this kind has a meaning to the project alone.
      expect(text, path).not.toContain("@internal");
      for (const [, imported = ""] of text.matchAll(/from "(\.[^"]+)\.js"/g)) {
        reached.add(`${join(dirname(path), imported)}.d.ts`);
      }
      const declared = Array.from(
        text.matchAll(/^(?:export )?(?:declare )?(?:abstract )?(?:class|function|const|interface|type) ([\w$]+)/gm),
        ([, name = ""]) => name,
      );
      const unused = declared.filter((name) => text.split(new RegExp(`(?<![\\w$])${name}(?![\\w$])`)).length < 3);
      expect(unused, path).toEqual([]);
    }
    const shipped = consumer.files.map(({ path }) => path).filter((path) => path.endsWith(".d.ts"));
    expect(shipped.toSorted()).toEqual([...reached].toSorted());
  });
});

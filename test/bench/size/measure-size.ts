import { readFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Metafile, stop } from "esbuild";
import type { Application } from "./applications.js";

export interface BundleSize {
  /** What a page loads at once, each file minified by esbuild and compressed by gzip. */
  readonly gzipBytes: number;
  /** With everything that the page loads later as well. */
  readonly gzipBytesWithLater: number;
  /** Of what a page loads at once. */
  readonly minifiedBytes: number;
  /** Of all of it, minified bytes by the folder or file of the source they come from, largest first. */
  readonly byOrigin: ReadonlyMap<string, number>;
}

interface OutputFile {
  readonly text: string;
  readonly map: string;
}

/**
 * Bundles an application as its build would.
 * @param resolveDir folder whose `node_modules` and `package.json` say where packages are.
 */
export async function measureSize({ code, served }: Application, resolveDir: string): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir, sourcefile: "application.js" },
    absWorkingDir: resolveDir,
    outdir: "out",
    write: false,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    // A peer asks for these when it runs in Node.
    external: ["fs", "path"],
    sourcemap: "external",
    metafile: true,
    // The project's own compiler options lead the package's name to its source.
    tsconfigRaw: {},
    logLevel: "error",
  });
  // Its process would go on.
  await stop();
  const textOf = (path: string): string => outputFiles.find((file) => file.path.endsWith(`/${path}`))?.text ?? "";
  const scripts = Object.keys(metafile.outputs).filter((path) => path.endsWith(".js"));
  const files = new Map(scripts.map((path) => [path, { text: textOf(path), map: textOf(`${path}.map`) }]));
  const atOnce = loadedAtOnce(metafile).flatMap((path) => files.get(path) ?? []);
  const bundled = [...files.values()];
  const loaded =
    served === undefined
      ? bundled.map(({ text }) => text)
      : [...atOnce.map(({ text }) => text), ...(await Promise.all(served.map((name) => readServed(name, resolveDir))))];
  return {
    gzipBytes: sum(atOnce.map(({ text }) => gzipBytes(text))),
    gzipBytesWithLater: sum(loaded.map(gzipBytes)),
    minifiedBytes: sum(atOnce.map(({ text }) => Buffer.byteLength(text))),
    byOrigin: bytesByOrigin(served === undefined ? bundled : atOnce),
  };
}

const readServed = (name: string, folder: string): Promise<string> => readFile(join(folder, "dist", name), "utf8");

const gzipBytes = (text: string): number => gzipSync(text, { level: 9 }).byteLength;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The entry and all that it imports without `import()`. */
function loadedAtOnce({ outputs }: Metafile): string[] {
  const found = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === "application.js");
  for (const path of found) {
    for (const { kind, path: imported } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && !found.includes(imported)) found.push(imported);
    }
  }
  return found;
}

/** A source map has a place for each word; what is longer without one is a bundle that the package carries. */
const LONGEST_WORD = 1_000;

/** The source map leads through the package's own map to its source. */
function bytesByOrigin(files: readonly OutputFile[]): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const { text, map } of files) {
    for (const { source, words } of stretchesOf(text, new SourceMap(JSON.parse(map)))) {
      const origin = words.length > LONGEST_WORD ? carriedCode(words) : originOf(source);
      bytes.set(origin, (bytes.get(origin) ?? 0) + Buffer.byteLength(words));
    }
  }
  return new Map([...bytes].sort((a, b) => b[1] - a[1]));
}

/** The text from each place that the map knows to the next one. */
function* stretchesOf(text: string, map: SourceMap): Generator<{ readonly source: string; readonly words: string }> {
  let source = "";
  let words = "";
  let place = "";
  for (const [lineNumber, line] of text.split("\n").entries()) {
    for (let column = 0; column <= line.length; column += 1) {
      const entry = map.findEntry(lineNumber, column);
      const known = "originalSource" in entry;
      const next = known ? `${entry.generatedLine}:${entry.generatedColumn}` : "";
      if (next !== place) {
        yield { source, words };
        source = known ? entry.originalSource : "";
        words = "";
        place = next;
      }
      words += line[column] ?? "\n";
    }
  }
  yield { source, words };
}

const carriedCode = (code: string): string =>
  code.includes("registerProcessor") ? "the worklet's bundle" : "another bundle";

/** The folder of a source file, or the file if it is in none. */
function originOf(source: string): string {
  const path = /src\/(.+)$/.exec(source)?.[1];
  if (path === undefined) return "bundle";
  // The build puts the whole running side there.
  if (path === "host/running/running-code.ts") return "the running side's bundle";
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : path;
}

/** What a bundle of its own that the package carries is made of: minified bytes by folder, largest first. */
export async function measureOwnBundle(entry: string): Promise<Map<string, number>> {
  const { metafile } = await build({
    entryPoints: [entry],
    write: false,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    metafile: true,
    logLevel: "error",
  });
  await stop();
  const bytes = new Map<string, number>();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      bytes.set(originOf(path), (bytes.get(originOf(path)) ?? 0) + bytesInOutput);
    }
  }
  return new Map([...bytes].sort((a, b) => b[1] - a[1]));
}

import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, stop, transform } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SERVER = "examples/server";

/** What only a start from the sources needs. */
const FROM_SOURCES_ONLY: readonly string[] = [`${SERVER}/start/start.ts`, `${SERVER}/start/build-inputs.ts`];

/** Where the sources compile what runs in a thread or a process of its own, the package has it compiled. */
const REPLACED: Readonly<Record<string, string>> = {
  [`${SERVER}/processes/thread-code.ts`]:
    'import { readFile } from "node:fs/promises";\nexport const threadCode = (module) => readFile(module, "utf8");\n',
  [`${SERVER}/processes/run-typescript.mjs`]:
    'import { createRequire } from "node:module";\ncreateRequire(import.meta.url)(process.argv[2]);\n',
};

const OWN_PROGRAM = /new URL\("\.\/([\w-]+)\.ts", import\.meta\.url\)/g;

/** A package that is imported, at once or later. */
const IMPORTED = /(?:\bfrom |\bimport\()"((?!node:)[a-z][^"]*)"/g;

/**
 * Makes the package `loquilex-server`: the reference backend and the demo as JavaScript, with the dependencies that they
 * need and the SDK itself must not have. Needs the built SDK.
 * @param folder is emptied.
 */
export async function buildServerPackage(folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  await rm(folder, { recursive: true, force: true });
  const entries = await readdir(join(ROOT, SERVER), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .filter((path) => !FROM_SOURCES_ONLY.includes(path));
  const dependencies: Record<string, string> = { loquilex: manifest.version };
  for (const path of paths) {
    const source = await readFile(join(ROOT, path), "utf8");
    for (const [, name = ""] of source.matchAll(OWN_PROGRAM)) {
      await bundle(join(dirname(path), `${name}.ts`), folder);
    }
    const code =
      REPLACED[path] ?? (await transpile(source.replaceAll(OWN_PROGRAM, 'new URL("./$1.cjs", import.meta.url)')));
    for (const [, specifier = ""] of code.matchAll(IMPORTED)) {
      const name = specifier.split("/", 1)[0] ?? "";
      dependencies[name] ??= manifest.devDependencies[name];
    }
    await put(join(folder, path.replace(/\.ts$/, ".js")), code);
  }
  await stop();
  await cp(join(ROOT, "dist"), join(folder, "dist"), {
    recursive: true,
    filter: (path) => !/\.(?:map|d\.ts|md|json)$|\bprogram\.js$/.test(path),
  });
  await cp(join(ROOT, "examples/script-tag"), join(folder, "examples/script-tag"), { recursive: true });
  const programs = `${SERVER}/engines/programs`;
  await cp(join(ROOT, programs), join(folder, programs), { recursive: true });
  await cp(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  await put(join(folder, "bin.js"), `#!/usr/bin/env node\nimport "./${SERVER}/main.js";\n`);
  await put(join(folder, "README.md"), README);
  await put(join(folder, "package.json"), `${JSON.stringify(serverManifest(manifest, dependencies), undefined, 2)}\n`);
}

const transpile = async (source: string): Promise<string> =>
  (await transform(source, { loader: "ts", format: "esm", target: "node20" })).code;

const bundle = (path: string, folder: string) =>
  build({
    entryPoints: [join(ROOT, path)],
    outfile: join(folder, path.replace(/\.ts$/, ".cjs")),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
  });

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const serverManifest = (
  { version, license, engines }: { version: string; license: string; engines: object },
  dependencies: Readonly<Record<string, string>>,
) => ({
  name: "loquilex-server",
  version,
  description: "The reference backend of LoquiLex with its demo page.",
  license,
  type: "module",
  engines,
  bin: { "loquilex-server": "./bin.js" },
  files: ["bin.js", "dist", "examples"],
  dependencies,
});

const README = `# loquilex-server

The reference backend of LoquiLex with its demo page:

\`\`\`sh
npx loquilex-server
npx loquilex-server --help
\`\`\`

Recordings and transcripts go into \`out\` in the folder it is started in, or into \`LX_OUT_DIR\`.
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildServerPackage(join(ROOT, "dist-server"));

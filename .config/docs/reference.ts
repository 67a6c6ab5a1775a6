import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { DEFAULTS } from "../../src/stream/options/defaults.js";
import { declarationEntries, EMITTED } from "../declaration-entries.js";
import { installTools, node, ROOT } from "./tools.js";

const HERE = import.meta.dirname;

/** Where the reference is kept, so that people can read it in the repository, and a review sees what changes in it. */
export const REFERENCE = join(ROOT, "docs/reference");

/**
 * Writes the reference of all types from their comments, a page for each entry of the package, into an empty folder.
 * @throws Error that names every public symbol without a comment: options and fields of events and errors as well.
 */
export async function writeReference(folder: string): Promise<void> {
  await installTools();
  // Whatever is in a folder of installed packages is not documented.
  const types = join(HERE, "out/types");
  await rm(types, { recursive: true, force: true });
  await cp(EMITTED, types, { recursive: true });
  const entries = Object.values(declarationEntries()).map((path) => join(types, relative(EMITTED, path)));
  const tsconfig = join(HERE, "out/tsconfig.json");
  const compilerOptions = {
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable", "esnext.disposable"],
    strict: true,
    noEmit: true,
    types: [],
  };
  await mkdir(join(HERE, "out"), { recursive: true });
  await writeFile(tsconfig, JSON.stringify({ compilerOptions, files: entries }));
  const options = ["--options", "typedoc.json", "--tsconfig", tsconfig, "--out", folder];
  for (const name of namesOf("index.DEFAULTS", DEFAULTS)) options.push("--intentionallyNotDocumented", name);
  await node("node_modules/typedoc/bin/typedoc", ...options, ...entries);
  await nameEntries(folder);
}

/** The members of an object within one another, as typedoc names them. Each default is described where its option is. */
function namesOf(name: string, object: object): string[] {
  return Object.entries(object).flatMap(([key, value]): string[] => {
    const member = `${name}.__type.${key}`;
    return [member, ...(typeof value === "object" ? namesOf(member, value) : [])];
  });
}

/** Names each page after what applications import, instead of after its source. */
async function nameEntries(folder: string): Promise<void> {
  const imported = (name: string): string => (name === "index" ? "loquilex" : `loquilex/${name}`);
  for (const path of await readdir(folder, { recursive: true })) {
    if (!path.endsWith(".md")) continue;
    const text = await readFile(join(folder, path), "utf8");
    const named =
      path === "README.md"
        ? text.replaceAll(/^- \[(.+)\]/gm, (_, name: string) => `- [${imported(name)}]`)
        : text.replace(/^# (.+)$/m, (_, name: string) => `# ${imported(name)}`);
    await writeFile(join(folder, path), named);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await rm(REFERENCE, { recursive: true, force: true });
  await writeReference(REFERENCE);
}

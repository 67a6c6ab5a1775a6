import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Snippet, scriptsIn } from "./manual.js";
import { SNIPPET_SURROUNDINGS } from "./snippet-surroundings.js";

const ROOT = join(import.meta.dirname, "../..");

/** A module to be checked, whose lines have the numbers that they have in the page. */
interface Checked {
  readonly file: string;
  readonly code: string;
}

const MODULES = ["js", "ts", "jsx", "tsx"];

function modulesOf({ page, line, language, code }: Snippet): Checked[] {
  const parts = language === "html" ? scriptsIn(code) : MODULES.includes(language) ? [{ code, linesBefore: 0 }] : [];
  return parts.map((part) => ({
    file: `${page.replaceAll("/", "-")}-${line + part.linesBefore}.${language === "html" ? "js" : language}`,
    code: `${"\n".repeat(line + part.linesBefore - 1)}${part.code}\nexport {};\n`,
  }));
}

const isTyped = ({ file }: Checked): boolean => /\.tsx?$/.test(file);

/** What JavaScript cannot say, and so need not. */
const LENIENT = { strict: false, exactOptionalPropertyTypes: false, noImplicitReturns: false };

async function check(modules: readonly Checked[], strictness: object, folder: string): Promise<string[]> {
  if (modules.length === 0) return [];
  await mkdir(join(folder, "snippets"), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"), "dir");
  const tsconfig = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: {
      allowJs: true,
      checkJs: true,
      jsx: "react-jsx",
      noUnusedLocals: false,
      noUnusedParameters: false,
      ...strictness,
    },
    include: ["snippets", "surroundings.d.ts", join(ROOT, "src/**/*.d.ts")],
  };
  await Promise.all([
    writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig)),
    writeFile(join(folder, "surroundings.d.ts"), SNIPPET_SURROUNDINGS),
    ...modules.map(({ file, code }) => writeFile(join(folder, "snippets", file), code)),
  ]);
  const compiler = join(ROOT, "node_modules/typescript/lib/tsc.js");
  const checking = promisify(execFile)(process.execPath, [compiler, "-p", folder, "--pretty", "false"], {
    cwd: folder,
  });
  const output = await checking.then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
  // Without strictness the sources have faults of their own.
  return output.split("\n").filter((line) => line.startsWith("snippets/") || line.startsWith("error"));
}

/** What was checked. */
export interface SnippetReport {
  readonly scripts: number;
  /** A line for each fault, with the page and the line in it. */
  readonly faults: readonly string[];
}

/** Type checks scripts of the manual against the sources, in an empty folder. */
export async function checkSnippets(snippets: readonly Snippet[], folder: string): Promise<SnippetReport> {
  const modules = snippets.flatMap(modulesOf);
  const faults = [
    ...(await check(modules.filter(isTyped), {}, join(folder, "typed"))),
    ...(await check(
      modules.filter((module) => !isTyped(module)),
      LENIENT,
      join(folder, "untyped"),
    )),
  ];
  return { scripts: modules.length, faults };
}

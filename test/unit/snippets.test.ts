import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { SNIPPETS, type Snippet, scriptsIn } from "../support/manual.js";
import { SNIPPET_SURROUNDINGS } from "../support/snippet-surroundings.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const ROOT = join(import.meta.dirname, "../..");

/** A module to be checked, whose lines have the numbers that they have in the page. */
interface Checked {
  readonly file: string;
  readonly code: string;
}

const MODULES = ["js", "ts", "jsx", "tsx"];

function modulesOf({ page, line, language, code }: Snippet): Checked[] {
  const name = `${page.replaceAll("/", "-")}-${line}`;
  const parts = language === "html" ? scriptsIn(code) : MODULES.includes(language) ? [{ code, linesBefore: 0 }] : [];
  return parts.map((part) => ({
    file: `${name}.${language === "html" ? "js" : language}`,
    code: `${"\n".repeat(line + part.linesBefore - 1)}${part.code}\nexport {};\n`,
  }));
}

/** Type checks modules against the sources. @returns what is wrong with them, a line for each fault. */
async function check(modules: readonly Checked[]): Promise<string[]> {
  const folder = await temporaryFolder();
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"), "dir");
  await mkdir(join(folder, "snippets"));
  const tsconfig = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: {
      allowJs: true,
      checkJs: true,
      jsx: "react-jsx",
      noUnusedLocals: false,
      noUnusedParameters: false,
      // JavaScript cannot name the type of what it catches.
      useUnknownInCatchVariables: false,
      noImplicitAny: false,
    },
    include: ["snippets", "surroundings.d.ts", join(ROOT, "src/**/*.d.ts")],
  };
  await Promise.all([
    writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig)),
    writeFile(join(folder, "surroundings.d.ts"), SNIPPET_SURROUNDINGS),
    ...modules.map(({ file, code }) => writeFile(join(folder, "snippets", file), code)),
  ]);
  const compiler = join(ROOT, "node_modules/typescript/lib/tsc.js");
  const checked = promisify(execFile)(process.execPath, [compiler, "-p", folder, "--pretty", "false"], { cwd: folder });
  const output = await checked.then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
  return output.split("\n").filter((line) => line !== "");
}

test("every script of the manual fits the types of the package", async () => {
  const modules = SNIPPETS.flatMap(modulesOf);
  expect(modules.length).toBeGreaterThan(20);
  expect(await check(modules)).toEqual([]);
});

test("a script that does not fit is found, with its line", async () => {
  const code = 'import { createMicrophoneStream } from "loquilex";\ncreateMicrophoneStream("wss://example.org").begin();\n';
  const wrong = modulesOf({ page: "docs/page.md", line: 12, language: "js", code });
  expect(await check(wrong)).toEqual([expect.stringMatching(/docs-page\.md-12\.js\(13,.*'begin'/)]);
});

import { transformWithOxc } from "vite";
import { SNIPPETS, type Snippet } from "./manual.js";

/** The script of a page that has this text in it. */
export function snippetOf(page: string, language: string, marker: string): Snippet {
  const found = SNIPPETS.find(
    (snippet) => snippet.page === page && snippet.language === language && snippet.code.includes(marker),
  );
  if (found === undefined) throw new Error(`${page} shows no ${language} with ${marker}.`);
  return found;
}

/**
 * Runs a script as a module, and returns what it exports.
 * @param modules what it imports, by the name it imports it under.
 * @param surroundings what it finds around it, by name.
 */
export async function runSnippet(
  { code, language }: Pick<Snippet, "code" | "language">,
  modules: Readonly<Record<string, object>>,
  surroundings: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const jsx = { runtime: "automatic", importSource: "react", development: false } as const;
  const plain = language === "js" ? code : (await transformWithOxc(code, `snippet.${language}`, { jsx })).code;
  const exported = Array.from(plain.matchAll(/^export (?:const|(?:async )?function) (\w+)/gm), ([, name]) => name);
  const body = plain
    .replaceAll(/^import (\{[^}]*\}|\* as \S+) from (["'].+["']);?$/gm, (_, names: string, module: string) => {
      return `const ${names.replace("* as ", "").replaceAll(" as ", ": ")} = modules[${module}];`;
    })
    .replaceAll(/^(?:import ["'].+["'];|["']use client["'];)$/gm, "")
    .replaceAll(/^export /gm, "");
  const run = new Function("modules", ...Object.keys(surroundings), `${body}\nreturn { ${exported.join(", ")} };`);
  return run(modules, ...Object.values(surroundings));
}

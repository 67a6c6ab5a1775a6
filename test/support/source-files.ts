import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** One import or re-export of a module. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** Path from the project's root without its ending, for files of the project; the specifier itself otherwise. */
  readonly target: string;
  /** Nothing of it is left when the types are gone. */
  readonly typesOnly: boolean;
}

/** Paths of files from the project's root, without those of installed packages, of which there may be very many. */
export function filesIn(folders: readonly string[], ending: RegExp): string[] {
  const within = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (!entry.isDirectory()) return ending.test(path) ? [path] : [];
      return entry.name === "node_modules" ? [] : within(path);
    });
  return folders.flatMap((folder) => within(folder).sort());
}

export const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The file without its comments; strings that look like comments go with them. */
export const codeOf = (path: string): string =>
  textOf(path)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");

const STATEMENT = /^\s*(?:import|export)\s+(type\s+)?((?:[\w*\s,]+)?(?:\{[^}]*\})?[\w*\s,]*?)\s*from\s*"([^"]+)"/gm;
const BARE = /^\s*import\s*"([^"]+)"/gm;
const CALL = /\bimport\(\s*"([^"]+)"\s*\)(\.[A-Z]\w*)?/g;

/** What a file imports, or passes on. */
export function importsOf(path: string): Import[] {
  const code = codeOf(path);
  const at = (specifier: string, typesOnly: boolean): Import => {
    const own = specifier.startsWith(".");
    const target = own ? posix.join(posix.dirname(path), specifier).replace(/\.(?:js|ts|mjs)$/, "") : specifier;
    return { specifier, target, typesOnly };
  };
  return [
    ...Array.from(code.matchAll(STATEMENT), ([, type, names = "", specifier = ""]) =>
      at(specifier, type !== undefined || onlyTypes(names)),
    ),
    ...Array.from(code.matchAll(BARE), ([, specifier = ""]) => at(specifier, false)),
    ...Array.from(code.matchAll(CALL), ([, specifier = "", member]) => at(specifier, member !== undefined)),
  ];
}

/** `{ type A, type B }`: every name is a type. */
function onlyTypes(names: string): boolean {
  const list = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  if (list === undefined) return false;
  const parts = list.split(",").map((part) => part.trim());
  return parts.every((part) => part === "" || part.startsWith("type "));
}

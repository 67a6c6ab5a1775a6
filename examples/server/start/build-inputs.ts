import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the build reads: folders and files of the project. */
const INPUTS = [
  "src",
  ".config",
  "examples/conformance",
  "examples/demo",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "vite.config.ts",
];

/** The build's last step writes {@link hashBuildInputs} here, and its first step removes it. */
export const BUILD_STAMP = "dist/demo/.inputs";

/**
 * A text that changes with everything that a build reads.
 * @param root the project's folder.
 * @param inputs files and folders in it; by default those of the package's build.
 */
export function hashBuildInputs(root: string, inputs: readonly string[] = INPUTS): string {
  const hash = createHash("sha256");
  for (const path of inputs.flatMap((input) => filesAt(root, input)).toSorted()) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\n${content.byteLength}\n`).update(content);
  }
  return hash.digest("hex");
}

function filesAt(root: string, path: string): string[] {
  if (/\w\.\w+$/.test(path)) return [path];
  const entries = readdirSync(join(root, path), { recursive: true, withFileTypes: true, encoding: "utf8" });
  return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name).slice(root.length)] : []));
}

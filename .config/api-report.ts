import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { declarationEntries, rollUp } from "./declaration-entries.js";

/** Where the reports are kept, so that a change of what the package offers is seen in the review of the change. */
export const REPORTS = fileURLToPath(new URL("../docs/api-report", import.meta.url));

const COMMENTS = /^ *(?:\/\*[\s\S]*?\*\/|\/\/.*)\n/gm;

/**
 * Everything that the entries of the package offer, as declarations without comments by the file's name: a file for each entry,
 * and files for what several of them share, so that a change of that is seen once.
 */
export async function apiReports(): Promise<Map<string, string>> {
  const input = Object.fromEntries(
    Object.entries(declarationEntries()).map(([name, path]) => [name.replaceAll("/", "-"), path]),
  );
  const bundle = await rolldown({ input, plugins: [rollUp()], external: /^[^./]/ });
  const { output } = await bundle.generate({
    format: "es",
    chunkFileNames: "shared-[name].d.ts",
    // What is shared keeps its name.
    minifyInternalExports: false,
  });
  await bundle.close();
  return new Map(
    output.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file.code.replaceAll(COMMENTS, "")]] : [])),
  );
}

/** The reports as they were last written by `npm run api-report`. */
export async function keptReports(): Promise<Map<string, string>> {
  const names = await readdir(REPORTS);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(REPORTS, name), "utf8")] as const)),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reports = await apiReports();
  await rm(REPORTS, { recursive: true, force: true });
  await mkdir(REPORTS, { recursive: true });
  for (const [name, text] of reports) await writeFile(join(REPORTS, name), text);
}

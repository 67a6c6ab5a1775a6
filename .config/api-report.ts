import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { declarationEntries, rollUp } from "./declaration-entries.js";

/** Where the reports are kept, so that a change of what the package offers is seen in the review of the change. */
export const REPORTS = fileURLToPath(new URL("../docs/api-report", import.meta.url));

const COMMENTS = /^ *(?:\/\*[\s\S]*?\*\/|\/\/.*)\n/gm;

/** Everything that each entry of the package offers, as one file of declarations without comments, by the file's name. */
export async function apiReports(): Promise<Map<string, string>> {
  const reports = new Map<string, string>();
  for (const [name, input] of Object.entries(declarationEntries())) {
    const bundle = await rolldown({ input, plugins: [rollUp()], external: /^[^./]/ });
    const { output } = await bundle.generate({ format: "es" });
    await bundle.close();
    reports.set(`${name.replaceAll("/", "-")}.d.ts`, output[0].code.replaceAll(COMMENTS, ""));
  }
  return reports;
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

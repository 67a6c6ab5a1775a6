import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const inProject = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What a script element's `integrity` says of a file. */
export const integrityOf = (content: Uint8Array): string =>
  `sha384-${createHash("sha384").update(content).digest("base64")}`;

/** The README with the version and the hash of the script that is released. */
export function withIntegrity(readme: string, version: string, script: Uint8Array): string {
  const hashes = /integrity="sha384-[A-Za-z0-9+/=]*"/g;
  if (!hashes.test(readme)) throw new Error("The README shows no script element with an integrity.");
  return readme
    .replaceAll(hashes, `integrity="${integrityOf(script)}"`)
    .replaceAll(/loquilex@[\w.-]+\/dist/g, `loquilex@${version}/dist`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = await readFile(inProject("README.md"), "utf8");
  const { version } = JSON.parse(await readFile(inProject("package.json"), "utf8")) as { version: string };
  const renewed = withIntegrity(readme, version, await readFile(inProject("dist/loquilex.iife.js")));
  if (!process.argv.includes("--check")) await writeFile(inProject("README.md"), renewed);
  else if (renewed !== readme) {
    process.stderr.write(
      "The README's hash is not that of dist/loquilex.iife.js. Run `npm run integrity`, and commit it.\n",
    );
    process.exitCode = 1;
  }
}

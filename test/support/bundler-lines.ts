import { readFileSync } from "node:fs";
import { join } from "node:path";

const README = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

/** The lines for a bundler that the README has, which name the worklet and the worker as files. */
export function bundlerLines(bundler: string): string {
  const lines = README.split("```js\n")
    .map((block) => block.split("```", 1)[0] ?? "")
    .find((block) => block.startsWith(`// ${bundler}`));
  if (lines === undefined) throw new Error(`The README has no lines for ${bundler}.`);
  return lines;
}

/** An application that offers the SDK and the two addresses to the tests. */
export const applicationFor = (bundler: string): string =>
  `${bundlerLines(bundler)}
import * as sdk from "loquilex";
globalThis.urls = { workletUrl: String(workletUrl), workerUrl: String(workerUrl) };
globalThis.sdk = sdk;
`;

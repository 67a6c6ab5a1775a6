import { readFileSync } from "node:fs";

/** The exact versions that `test/bench/peers` installs, by package. */
export function peerVersions(): Readonly<Record<string, string>> {
  const text = readFileSync(new URL("peers/package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { dependencies: Record<string, string> }).dependencies;
}

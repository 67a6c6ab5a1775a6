/** `npm run bench:size`: what a page loads to stream a microphone, beside the same page with each of the peers. */
import { fileURLToPath } from "node:url";
import { version as esbuildVersion } from "esbuild";
import { version } from "../../../src/version.js";
import { peerVersions } from "../peer-versions.js";
import { type Cell, report, type Table, tell } from "../report.js";
import { type Application, PEER_APPLICATIONS, WHOLE, WITH_URLS } from "./applications.js";
import budget from "./budget.json" with { type: "json" };
import { type BundleSize, measureOwnBundle, measureSize } from "./measure-size.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PEERS = fileURLToPath(new URL("../peers", import.meta.url));
const KILOBYTE = 1_000;

const row = ({ packageName, detail, captures }: Application, size: BundleSize, packageVersion: string): Cell[] => [
  [`${packageName} ${packageVersion}`, ...(detail === undefined ? [] : [detail])].join(", "),
  captures ? "yes" : "no",
  size.gzipBytes / KILOBYTE,
  size.gzipBytesWithLater / KILOBYTE,
  size.minifiedBytes / KILOBYTE,
];

const whole = await measureSize(WHOLE, ROOT);
const withUrls = await measureSize(WITH_URLS, ROOT);
const rows = [row(WHOLE, whole, version), row(WITH_URLS, withUrls, version)];
const peers = peerVersions();
for (const peer of PEER_APPLICATIONS) {
  rows.push(row(peer, await measureSize(peer, PEERS), peers[peer.packageName] ?? "unknown"));
}

const faults: string[] = [];
const hold = (what: string, bytes: number, limit: number): void => {
  if (bytes > limit) faults.push(`${what} takes ${bytes} bytes, and may take ${limit}.`);
};
hold("An application with everything inside", whole.gzipBytesWithLater, budget.wholeBytes);
hold("An application with addresses given", withUrls.gzipBytes, budget.withUrlsBytes);

const breakdown = (title: string, byOrigin: ReadonlyMap<string, number>): Table => {
  const all = [...byOrigin.values()].reduce((sum, bytes) => sum + bytes, 0);
  return {
    title,
    columns: [{ title: "origin" }, { title: "minified, kB", digits: 1 }, { title: "share, %", digits: 1 }],
    rows: [...byOrigin].map(([origin, bytes]) => [origin, bytes / KILOBYTE, (bytes / all) * 100]),
  };
};

tell(
  report({
    name: "size",
    versions: { esbuild: esbuildVersion },
    tables: [
      {
        title: "What a page loads, in kB of 1,000 bytes",
        columns: [
          { title: "application" },
          { title: "captures the microphone" },
          { title: "at once, min+gzip", digits: 1 },
          { title: "with what is loaded later", digits: 1 },
          { title: "at once, minified", digits: 1 },
        ],
        rows,
      },
      breakdown("Where the weight of LoquiLex is, with what is loaded later", whole.byOrigin),
      breakdown(
        "Of it, the running side's bundle",
        await measureOwnBundle(`${ROOT}src/host/running/running-code-bundle.ts`),
      ),
      breakdown("Of it, the worklet's bundle", await measureOwnBundle(`${ROOT}src/worklet/capture.worklet.ts`)),
    ],
    notes: [],
    faults,
  }),
);

/**
 * `npm run bench:outage`: this SDK and five peers through the same outage, each against a server on this machine. Peers
 * are measured side by side, this SDK alone and several times.
 */
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { loquilexSubject } from "./loquilex-subject.js";
import { measureFlapping, measureOutage, measureReplacement, type OutageFigures } from "./measure.js";
import { type PeerAdapter, peerSubject } from "./peer-subject.js";
import type { Subject } from "./subject.js";

const OWN_RUNS = 5;
const TARGETS = { lostMs: 0, duplicatedMs: 0, overheadMs: 50, connections: 4, replacementMs: 5_000 };

interface Row {
  readonly name: string;
  readonly outages: readonly OutageFigures[];
  readonly connections: number;
  readonly replacements: readonly (number | undefined)[];
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function measure(subject: Subject, runs: number): Promise<Row> {
  const outages: OutageFigures[] = [];
  const replacements: (number | undefined)[] = [];
  for (let run = 0; run < runs; run += 1) {
    outages.push(await measureOutage(subject));
    replacements.push(await measureReplacement(subject));
  }
  return { name: subject.name, outages, connections: await measureFlapping(subject), replacements };
}

function tell({ name, outages, connections, replacements }: Row): string {
  const ms = (values: readonly (number | undefined)[], limit: string) => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? limit : Math.round(median(known)).toString();
  };
  const worst = (key: "lostMs" | "duplicatedMs") => Math.max(...outages.map((outage) => outage[key]));
  const overhead = ms(
    outages.map(({ overheadMs }) => overheadMs),
    "–",
  );
  return `| ${[
    name,
    worst("lostMs"),
    worst("duplicatedMs"),
    ms(
      outages.map(({ recoveryMs }) => recoveryMs),
      "> 15,000",
    ),
    overhead,
    connections,
    ms(replacements, "> 25,000"),
  ].join(" | ")} |`;
}

function missed({ outages, connections, replacements }: Row): string[] {
  const complaints: string[] = [];
  for (const { lostMs, duplicatedMs, overheadMs } of outages) {
    if (lostMs > TARGETS.lostMs) complaints.push(`${lostMs} ms lost`);
    if (duplicatedMs > TARGETS.duplicatedMs) complaints.push(`${duplicatedMs} ms duplicated`);
    if (!(overheadMs !== undefined && overheadMs <= TARGETS.overheadMs))
      complaints.push(`${overheadMs} ms over the backoff`);
  }
  if (connections > TARGETS.connections) complaints.push(`${connections} connections in ten seconds`);
  for (const replacement of replacements) {
    if (!(replacement !== undefined && replacement <= TARGETS.replacementMs))
      complaints.push(`replaced after ${replacement} ms`);
  }
  return complaints;
}

const adapters = new URL("../peers/adapters.mjs", import.meta.url).href;
const { PEERS } = (await import(adapters)) as { PEERS: readonly PeerAdapter[] };
// A peer that rejects somewhere inside must not end the others.
process.on("unhandledRejection", () => {});

const own = await measure(loquilexSubject(), OWN_RUNS);
const peers = await Promise.all(PEERS.map((peer) => measure(peerSubject(peer), 1)));
const require = createRequire(adapters);
const { dependencies } = require("./package.json") as { dependencies: Record<string, string> };
const versions = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}; ${versions.join(", ")}`);
console.log(`This SDK: worst loss and median times of ${OWN_RUNS} runs; each peer once.\n`);
console.log(
  "| | lost ms | duplicated ms | audio again after ms | of it over the backoff ms | connections in 10 s | black hole replaced after ms |",
);
console.log("|---|---|---|---|---|---|---|");
for (const row of [own, ...peers]) console.log(tell(row));
const complaints = missed(own);
if (complaints.length > 0) console.error(`\nTargets missed: ${complaints.join(", ")}.`);
process.exit(complaints.length > 0 ? 1 : 0);

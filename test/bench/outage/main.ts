/**
 * `npm run bench:outage`: this SDK and five peers through the same outage, each against a server on this machine. Peers
 * are measured side by side, this SDK alone and several times.
 */
import { version } from "../../../src/version.js";
import { peerVersions } from "../peer-versions.js";
import { type Cell, quantile, report, tell } from "../report.js";
import { loquilexSubject } from "./loquilex-subject.js";
import {
  FLAPPING_MS,
  measureFlapping,
  measureOutage,
  measureReplacement,
  type OutageFigures,
  RECOVERY_LIMIT_MS,
  REPLACEMENT_LIMIT_MS,
} from "./measure.js";
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

async function measure(subject: Subject, runs: number): Promise<Row> {
  const outages: OutageFigures[] = [];
  const replacements: (number | undefined)[] = [];
  for (let run = 0; run < runs; run += 1) {
    outages.push(await measureOutage(subject));
    replacements.push(await measureReplacement(subject));
  }
  return { name: subject.name, outages, connections: await measureFlapping(subject), replacements };
}

function cellsOf({ name, outages, connections, replacements }: Row): Cell[] {
  const median = (values: readonly (number | undefined)[]): number | undefined => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? undefined : quantile(known, 0.5);
  };
  const worst = (key: "lostMs" | "duplicatedMs"): number => Math.max(...outages.map((outage) => outage[key]));
  return [
    name,
    worst("lostMs"),
    worst("duplicatedMs"),
    median(outages.map(({ recoveryMs }) => recoveryMs)) ?? `> ${RECOVERY_LIMIT_MS}`,
    median(outages.map(({ overheadMs }) => overheadMs)),
    connections,
    median(replacements) ?? `> ${REPLACEMENT_LIMIT_MS}`,
  ];
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
const versions = peerVersions();
tell(
  report({
    name: "outage",
    versions: {
      LoquiLex: version,
      ...Object.fromEntries(PEERS.map(({ name }) => [name, versions[name] ?? "unknown"])),
    },
    tables: [
      {
        title: `Worst loss and median times of ${OWN_RUNS} runs; each peer once`,
        columns: [
          { title: "package" },
          { title: "lost ms" },
          { title: "duplicated ms" },
          { title: "audio again after ms" },
          { title: "of it over the backoff ms" },
          { title: `connections in ${FLAPPING_MS / 1_000} s` },
          { title: "black hole replaced after ms" },
        ],
        rows: [own, ...peers].map(cellsOf),
      },
    ],
    notes: [],
    faults: missed(own),
  }),
);
// Some peers leave timers and sockets behind.
process.exit();

import { readdirSync, readlinkSync } from "node:fs";
import { type Leak, ResourceLedger } from "./resource-ledger.js";
import { watchListeners, watchProcess, watchTimers } from "./resource-patches.js";

/** What there was at one moment. */
export interface Snapshot {
  readonly mark: number;
  /** Files that are open, by descriptor. */
  readonly files: ReadonlyMap<string, string>;
  /** How many the event loop has of each kind that nothing else here counts. */
  readonly loop: ReadonlyMap<string, number>;
  readonly processListeners: ReadonlyMap<string, number>;
}

const DESCRIPTORS = "/proc/self/fd";
/** Kinds of libuv handles, as `process.getActiveResourcesInfo()` names them. */
const LOOP_KINDS = ["FSEventWrap", "StatWatcher", "UDPWrap", "SignalWrap"];
/** Node opens these for itself, when it first needs them. */
const SYSTEM_FILE = /^\/(?:dev|proc|sys)\//;

const ledger = new ResourceLedger();
let installed = false;

/** From now on, what is made can be named. */
export function installResourceMonitor(): void {
  if (installed) return;
  installed = true;
  watchTimers(ledger);
  watchListeners(ledger);
  watchProcess(ledger);
}

/** For fakes: the resource counts as held while `isLive` says so. */
export function recordResource(kind: string, what: string, isLive: () => boolean): void {
  if (installed) ledger.add(kind, what, isLive);
}

export function snapshot(): Snapshot {
  return { mark: ledger.mark, files: openFiles(), loop: loopKinds(), processListeners: processListeners() };
}

/** What there is more than there was. */
export function growthSince(before: Snapshot): Leak[] {
  const leaks = ledger.since(before.mark);
  for (const [descriptor, path] of openFiles()) {
    if (before.files.get(descriptor) !== path) leaks.push({ kind: "file descriptor", what: path, madeAt: [] });
  }
  for (const [kind, count] of loopKinds()) {
    const more = count - (before.loop.get(kind) ?? 0);
    if (more > 0) leaks.push({ kind: "event loop handle", what: `${more} × ${kind}`, madeAt: [] });
  }
  for (const [event, count] of processListeners()) {
    const more = count - (before.processListeners.get(event) ?? 0);
    if (more > 0) leaks.push({ kind: "process listener", what: `${more} × "${event}"`, madeAt: [] });
  }
  return leaks;
}

/** Files only: sockets and pipes are named where they are made. Empty where the system does not tell. */
function openFiles(): Map<string, string> {
  const files = new Map<string, string>();
  let descriptors: string[];
  try {
    descriptors = readdirSync(DESCRIPTORS);
  } catch {
    return files;
  }
  for (const descriptor of descriptors) {
    try {
      const path = readlinkSync(`${DESCRIPTORS}/${descriptor}`);
      if (path.startsWith("/") && !SYSTEM_FILE.test(path)) files.set(descriptor, path);
    } catch {
      // The descriptor that listed the others is closed again.
    }
  }
  return files;
}

function loopKinds(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (LOOP_KINDS.includes(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

const processListeners = (): Map<string, number> =>
  new Map(process.eventNames().map((event) => [String(event), process.listenerCount(event)]));

/** A sentence and a list, for whoever has to mend it. */
export function describeLeaks(leaks: readonly Leak[]): string {
  const lines = leaks.map(
    ({ kind, what, madeAt }) => `  ${kind}: ${what}${madeAt.map((at) => `\n      ${at}`).join("")}`,
  );
  return `${leaks.length} resources were left behind. Each is named with the place that made it:\n${lines.join("\n")}`;
}

import type { EngineName, EnginePage } from "../../support/engines/engine-page.js";
import { type FoundEngine, launchEngine } from "../../support/engines/engines.js";
import { VirtualSound } from "../../support/engines/virtual-sound.js";
import { quantile } from "../report.js";
import { type Passage, ProbeServer } from "./probe-server.js";

/** How long what was handed over while the page was blocked was on its way, in milliseconds. */
export interface Delay {
  readonly p50: number;
  readonly max: number;
}

/** The delays of each way, by its name. */
export type Delays = Map<string, Delay | undefined>;

export interface EngineDelays {
  readonly name: EngineName;
  readonly version: string;
  /** What the engine has of what could help. */
  readonly features: Readonly<Record<string, boolean>>;
  readonly fromAudioThread: Delays;
  readonly toServer: Delays;
  readonly fromServer: Delays;
}

interface Blocked {
  readonly from: number;
  readonly to: number;
}

/** What `pages/page.mjs` offers. */
declare const probe: {
  prepare(): Promise<Record<string, boolean>>;
  listen(blockMs: number): Promise<Blocked & { heard: Record<string, readonly Passage[]> }>;
  send(options: { place: string; way: string; blockMs: number }): Promise<Blocked & { back: readonly Passage[] }>;
};

const SOUND_STEP_MS = 20;
/** WebKitGTK offers no shared memory to a page in automation, though it be isolated; with this it does. The others ignore it. */
const SHARED_MEMORY = { JSC_useSharedArrayBuffer: "1" };
/** Ways between a place and the server: see `pages/ways.mjs`. */
type Ways = Readonly<Record<string, readonly string[]>>;
const WAYS: Ways = {
  worker: [
    "WebSocket",
    "fetch, one request after the other",
    "fetch, a request every 200 ms",
    "fetch, body of the answer",
    "EventSource",
    "XMLHttpRequest, one request after the other",
    "XMLHttpRequest, synchronous",
  ],
  "shared worker": ["WebSocket"],
};
const ISOLATED_WAYS: Ways = {
  worker: ["WebSocket", "BroadcastChannel to a shared worker, WebSocket there"],
  "shared worker": ["WebSocket"],
};

/** Measures one engine, blocking its page for `blockMs` each time. */
export async function measureEngine(engine: FoundEngine, blockMs: number): Promise<EngineDelays> {
  await using server = await ProbeServer.listen();
  await using sound = await VirtualSound.start(SOUND_STEP_MS);
  const microphone = await sound.plugIn("Microphone");
  await microphone.makeDefault();
  await using _noise = microphone.rustle();
  await using page = await launchEngine(engine, { ...sound.env, ...SHARED_MEMORY });

  const fromAudioThread: Delays = new Map();
  const toServer: Delays = new Map();
  const fromServer: Delays = new Map();
  let features: Record<string, boolean> = {};
  for (const isIsolated of [false, true]) {
    await page.open(server.url(isIsolated));
    features = await page.evaluate(() => probe.prepare());
    const suffix = isIsolated ? ", isolated page" : "";
    const { heard, ...blocked } = await page.evaluate((blockMs) => probe.listen(blockMs), blockMs);
    for (const [way, passages] of Object.entries(heard)) {
      fromAudioThread.set(`${way}${suffix}`, delayOf(passages, blocked));
    }
    const ways = isIsolated ? ISOLATED_WAYS : WAYS;
    for (const [place, names] of Object.entries(ways)) {
      for (const way of names) {
        const { back, ...blocked } = await send(page, server, { place, way, blockMs });
        const name = `${way}, ${place}${suffix}`;
        toServer.set(name, delayOf(server.received, blocked));
        fromServer.set(name, delayOf(back, blocked));
      }
    }
  }
  return { name: engine.name, version: page.version, features, fromAudioThread, toServer, fromServer };
}

async function send(
  page: EnginePage,
  server: ProbeServer,
  options: Parameters<typeof probe.send>[0],
): ReturnType<typeof probe.send> {
  server.received = [];
  return page.evaluate((options) => probe.send(options), options);
}

/** @returns `undefined` if nothing was handed over while the page was blocked. */
function delayOf(passages: readonly Passage[], { from, to }: Blocked): Delay | undefined {
  const delays = passages.filter(({ sentAt }) => sentAt >= from && sentAt <= to).map(({ sentAt, at }) => at - sentAt);
  if (delays.length === 0) return undefined;
  return { p50: quantile(delays, 0.5), max: quantile(delays, 1) };
}

import type { Rng } from "../simulation/rng.js";
import { childrenOf } from "../support/process-figures.js";
import type { TcpProxy } from "../support/tcp-proxy.js";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What happens to networks and engines. */
const TROUBLES: Readonly<Record<string, (proxy: TcpProxy, backendPid: number, rng: Rng) => Promise<void> | void>> = {
  reset: (proxy) => proxy.reset(),
  strand: (proxy) => proxy.strand(),
  async stall(proxy, _, rng) {
    const direction = rng.pick(["toServer", "toClient"] as const);
    proxy.hold(direction);
    await pause(rng.between(50, 600));
    proxy.pass(direction);
  },
  async crawl(proxy, _, rng) {
    proxy.throttle("toServer", 20_000);
    await pause(rng.between(200, 1_500));
    proxy.throttle("toServer", undefined);
  },
  async refuse(proxy, _, rng) {
    proxy.refuse();
    await pause(rng.between(50, 500));
    await proxy.accept();
  },
  "kill -9 of an engine"(_, backendPid, rng) {
    const engines = childrenOf(backendPid);
    if (engines.length === 0) return;
    try {
      process.kill(-rng.pick(engines), "SIGKILL");
    } catch {
      // It has ended since it was listed.
    }
  },
};

/** Makes trouble every few seconds until the signal, and leaves the network in order. @returns how often, by its kind. */
export async function makeTrouble(
  proxy: TcpProxy,
  backendPid: number,
  options: { readonly rng: Rng; readonly signal: AbortSignal },
): Promise<Map<string, number>> {
  const { rng, signal } = options;
  const counts = new Map<string, number>();
  while (!signal.aborted) {
    await pause(rng.between(500, 3_000));
    const [name, trouble] = rng.pick(Object.entries(TROUBLES));
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await trouble(proxy, backendPid, rng);
  }
  return counts;
}

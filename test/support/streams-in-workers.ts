/**
 * Vitest's setup of the tests in a simulated page, if `LX_HOST` is `worker`: streams over a fake transport run in a fake
 * worker, to which everything is cloned, instead of on the page. A transport of any other kind stays on the page.
 */
import { beforeEach, vi } from "vitest";
import type { HostOptions, HostParts } from "../../src/host/open-host.js";
import type { RunningOptions } from "../../src/host/running-messages.js";
import type { Transport } from "../../src/transport/transport.js";
import { FakeTransport } from "./fake-transport.js";
import { installFakeWorkers } from "./fake-worker.js";

const WORKER_URL = "https://example.test/loquilex.worker.js";
const transports: FakeTransport[] = [];

vi.mock("../../src/host/open-host.js", async (importOriginal) => {
  const real = await importOriginal<typeof import("../../src/host/open-host.js")>();
  return {
    ...real,
    routeOf(transport: Transport) {
      if (!(transport instanceof FakeTransport)) return real.routeOf(transport);
      return { url: `wss://example.test/${transports.push(transport) - 1}`, protocols: undefined };
    },
    openHost(chosen: HostOptions, options: RunningOptions, parts: HostParts) {
      return real.openHost({ ...chosen, workerUrl: chosen.workerUrl ?? WORKER_URL }, options, parts);
    },
  };
});

beforeEach(() => {
  transports.length = 0;
  installFakeWorkers((url) => {
    const transport = transports[Number(new URL(url).pathname.slice(1))];
    if (transport === undefined) throw new Error(`No transport belongs to ${url}.`);
    return transport;
  });
});

import { setTimeout as delay } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { TcpProxy } from "../../support/tcp-proxy.js";
import type { Subject } from "./subject.js";

export const FRAMES = 400;
const OUTAGE_AFTER_FRAMES = 150;
const BLACK_HOLE_MS = 500;
const REFUSED_MS = 1_500;
/** A connection that has brought more than this since has shaken hands and carries audio. */
const AUDIO_AGAIN_BYTES = 2_500;
/** How long audio is waited for after an outage. */
export const RECOVERY_LIMIT_MS = 15_000;
export const FLAPPING_MS = 10_000;
export const REPLACEMENT_LIMIT_MS = 25_000;

export interface OutageFigures {
  readonly lostMs: number;
  readonly duplicatedMs: number;
  /** From the moment connections are accepted again until audio flows; `undefined`: not within the limit. */
  readonly recoveryMs: number | undefined;
  readonly overheadMs: number | undefined;
}

/** Black hole, reset, refusal, in the middle of eight seconds of audio. */
export async function measureOutage(subject: Subject): Promise<OutageFigures> {
  let publicPort = 0;
  const backend = await subject.serve(() => publicPort);
  await using proxy = await TcpProxy.listen({ targetPort: backend.port });
  publicPort = proxy.port;
  const running = await subject.start(proxy.port);
  try {
    await running.sent(OUTAGE_AFTER_FRAMES);
    proxy.strand("toServer", "toClient");
    await delay(BLACK_HOLE_MS);
    proxy.refuse();
    proxy.reset();
    await delay(REFUSED_MS);
    const before = proxy.delivered("toServer");
    await proxy.accept();
    const accepted = performance.now();
    let recoveryMs: number | undefined;
    while (recoveryMs === undefined && performance.now() - accepted < RECOVERY_LIMIT_MS) {
      if (proxy.delivered("toServer") - before > AUDIO_AGAIN_BYTES) recoveryMs = performance.now() - accepted;
      await delay(1);
    }
    await running.sent(FRAMES);
    return { ...(await backend.account(FRAMES)), recoveryMs, overheadMs: running.overheadMs };
  } finally {
    await running.end();
    await backend.stop();
  }
}

/** Connections made in ten seconds to a server that accepts and then closes with 1011. */
export async function measureFlapping(subject: Subject): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.on("listening", resolve));
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.close(1011, "internal error");
  });
  const { port } = server.address() as { port: number };
  await using proxy = await TcpProxy.listen({ targetPort: port });
  // A service that hands out its address over HTTP does so from the working server.
  const backend = await subject.serve(() => proxy.port);
  const httpPort = subject.name === "@gladiaio/sdk" ? backend.port : proxy.port;
  const running = await subject.start(httpPort);
  await delay(FLAPPING_MS);
  const connections = proxy.connectionCount;
  await running.end();
  await backend.stop();
  server.close();
  return connections;
}

/** Milliseconds until a link that swallows everything is replaced; `undefined`: not within the limit. */
export async function measureReplacement(subject: Subject): Promise<number | undefined> {
  let publicPort = 0;
  const backend = await subject.serve(() => publicPort);
  await using proxy = await TcpProxy.listen({ targetPort: backend.port });
  publicPort = proxy.port;
  const running = await subject.start(proxy.port);
  try {
    await running.sent(100);
    const connections = proxy.connectionCount;
    proxy.strand("toServer", "toClient");
    const began = performance.now();
    while (performance.now() - began < REPLACEMENT_LIMIT_MS) {
      if (proxy.connectionCount > connections) return performance.now() - began;
      await delay(5);
    }
    return undefined;
  } finally {
    await running.end();
    await backend.stop();
  }
}

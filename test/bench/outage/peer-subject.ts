import { setTimeout as delay } from "node:timers/promises";
import { FRAME_MS, numberedFrame } from "./numbered-frames.js";
import { PeerServer } from "./peer-server.js";
import type { Backend, Running, Subject } from "./subject.js";

/** How long stragglers are waited for. */
const STRAGGLERS_MS = 15_000;

export interface PeerAdapter {
  readonly name: string;
  create(addresses: { readonly http: string; readonly webSocket: string }): PeerConnection | Promise<PeerConnection>;
}

interface PeerConnection {
  send(frame: Uint8Array): void;
  end(): void;
}

/** One of the peers, through its adapter. */
export function peerSubject(peer: PeerAdapter): Subject {
  return { name: peer.name, start: (port) => start(peer, port), serve };
}

async function start(peer: PeerAdapter, port: number): Promise<Running> {
  const addresses = { http: `http://127.0.0.1:${port}`, webSocket: `ws://127.0.0.1:${port}` };
  const connection = await peer.create(addresses);
  const began = performance.now();
  let count = 0;
  let ended = false;
  const speak = async () => {
    while (!ended) {
      while (!ended && began + count * FRAME_MS <= performance.now()) {
        try {
          connection.send(numberedFrame(count));
        } catch {
          // A peer that refuses a frame has lost it, and is counted so.
        }
        count += 1;
      }
      await delay(5);
    }
  };
  const speaking = speak();
  return {
    overheadMs: undefined,
    async sent(frames) {
      while (count < frames) await delay(2);
    },
    async end() {
      ended = true;
      await speaking;
      try {
        connection.end();
      } catch {
        // Some peers throw when they end while connecting.
      }
    },
  };
}

async function serve(publicPort: () => number): Promise<Backend> {
  const server = await PeerServer.listen(publicPort);
  return {
    port: server.port,
    async account(frames) {
      const deadline = performance.now() + STRAGGLERS_MS;
      const missing = () => Array.from({ length: frames }, (_, n) => n).filter((n) => !server.received.has(n)).length;
      while (missing() > 0 && performance.now() < deadline) await delay(50);
      let repeated = 0;
      for (const [number, times] of server.received) if (number < frames) repeated += times - 1;
      return { lostMs: missing() * FRAME_MS, duplicatedMs: repeated * FRAME_MS };
    },
    stop: () => server[Symbol.asyncDispose](),
  };
}

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Scope } from "loquilex/resources";
import { type RawData, WebSocketServer } from "ws";
import { numbersIn } from "./numbered-frames.js";

/** How often audio is acknowledged to the one peer that knows acknowledgements. */
const ACK_INTERVAL_MS = 100;

/** Stands in for the peers' services: counts the frames that arrive, and speaks as much as a peer needs to go on. */
export class PeerServer implements AsyncDisposable {
  /** How often each frame has come, by number. */
  readonly received = new Map<number, number>();
  readonly #scope = new Scope({ name: "peer server" });
  #receivedBytes = 0;
  #acknowledgedBytes = 0;
  port = 0;

  static async listen(publicPort: () => number): Promise<PeerServer> {
    const peerServer = new PeerServer();
    const http = createServer((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({ id: "id", created_at: "", url: `ws://127.0.0.1:${publicPort()}/v2/live?token=token` }),
      );
    });
    const webSockets = new WebSocketServer({ server: http });
    webSockets.on("connection", (socket) => {
      socket.on("error", () => {});
      socket.on("message", (data, isBinary) => isBinary && peerServer.#take(toBytes(data)));
      const acknowledge = () => {
        if (peerServer.#receivedBytes > peerServer.#acknowledgedBytes) {
          const byte_range = [peerServer.#acknowledgedBytes, peerServer.#receivedBytes];
          peerServer.#acknowledgedBytes = peerServer.#receivedBytes;
          socket.send(JSON.stringify({ type: "audio_chunk", acknowledged: true, data: { byte_range } }));
        }
        timer = peerServer.#scope.timeout(ACK_INTERVAL_MS, acknowledge);
      };
      let timer = peerServer.#scope.timeout(ACK_INTERVAL_MS, acknowledge);
      socket.on("close", () => {
        timer.dispose();
        // What a connection brought and nobody acknowledged is sent again on the next one.
        peerServer.#receivedBytes = peerServer.#acknowledgedBytes;
      });
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    peerServer.port = (http.address() as AddressInfo).port;
    peerServer.#scope.defer("server", () => {
      for (const socket of webSockets.clients) socket.terminate();
      http.close();
    });
    return peerServer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.dispose();
  }

  #take(message: Uint8Array): void {
    this.#receivedBytes += message.byteLength;
    for (const number of numbersIn(message)) this.received.set(number, (this.received.get(number) ?? 0) + 1);
  }
}

function toBytes(data: RawData): Uint8Array {
  return Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data as Buffer);
}

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import * as protocol from "loquilex/protocol";
import { WebSocketServer } from "ws";

/** A server that knows one session, hears nothing of it, and says what it is told to say. */
export class SpeakingServer implements AsyncDisposable {
  readonly port: number;
  readonly sender: protocol.PlaybackSender;
  /** Positions of the first sample that was not heard, of each interruption. */
  readonly interruptedAt: number[] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer, sampleRate: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.sender = new protocol.PlaybackSender({
      sampleRate,
      channels: 1,
      onInterrupt: (heard) => this.interruptedAt.push(heard),
    });
    let epoch = 0;
    server.on("connection", (socket) => {
      const send = <T extends protocol.ServerMessageType>(t: T, data: protocol.ServerData[T]): void =>
        socket.send(protocol.encodeServerMessage(t, data));
      socket.on("error", () => {});
      socket.on("message", (data, isBinary) => {
        if (isBinary) return;
        const message = protocol.parseClientMessage(data.toString());
        if (message.t === "client.hello" || message.t === "session.resume") {
          const { encoding, sample_rate, channels, first } = message.data.audio;
          epoch += 1;
          send("server.welcome", {
            hb: { interval_ms: 10_000, timeout_ms: 30_000 },
            resume_window: { seconds: 0 },
            limits: { max_in_flight: 1, max_msg_bytes: 65_536 },
            audio: { encoding, sample_rate, channels, window: 10 * sample_rate },
          });
          const { session_id } = message.data;
          send("session.new", { session_id, epoch, reason: "created", audio: { position: first, pace: 4 } });
          this.sender.attach(message.data.accept, (said) => socket.send(said));
        } else if (protocol.isPlaybackMessage(message)) this.sender.receive(message);
        else if (message.t === "client.hb") send("server.hb", {});
      });
    });
  }

  /** @param sampleRate of what it says, in Hz. */
  static async listen(sampleRate: number): Promise<SpeakingServer> {
    const handleProtocols = (offered: Set<string>) => offered.has(protocol.SUBPROTOCOL) && protocol.SUBPROTOCOL;
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols });
    await once(server, "listening");
    return new SpeakingServer(server, sampleRate);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

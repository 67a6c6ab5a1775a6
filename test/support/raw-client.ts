import { parseServerMessage, SUBPROTOCOL } from "loquilex/protocol";
import { WebSocket } from "ws";
import { RawClient as AnyRawClient, type RawIdentity } from "../../examples/conformance/client/raw-client.js";

export interface RawClientOptions extends RawIdentity {
  /** @defaultValue ["loquilex.v1"] */
  readonly protocols?: string[];
}

/** Speaks the protocol by hand over the WebSocket that the backend itself uses. */
export class RawClient extends AnyRawClient<WebSocket> {
  private constructor(socket: WebSocket, options: RawClientOptions) {
    super(socket, options);
    socket.on("open", () => this.waiting.changed());
    socket.on("message", (data, isBinary) => {
      if (!isBinary) this.received.push(parseServerMessage(data.toString()));
      this.waiting.changed();
    });
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.waiting.changed();
    });
    // "close" follows.
    socket.on("error", () => {});
  }

  static async connect(url: string, options: RawClientOptions = {}): Promise<RawClient> {
    const socket = new WebSocket(url, options.protocols ?? [SUBPROTOCOL]);
    const client = new RawClient(socket, options);
    await client.waiting.until(() => client.closed !== undefined || socket.readyState === WebSocket.OPEN);
    return client;
  }
}

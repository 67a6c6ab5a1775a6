import { encodeServerMessage } from "loquilex/protocol";
import { deferred } from "../../src/internal/deferred.js";
import type {
  Transport,
  TransportCloseInfo,
  TransportConnection,
  TransportConnectOptions,
} from "../../src/transport/transport.js";

/** A transport whose server grants audio at once and then only listens. */
export class InstantServer implements Transport {
  /** How the client closed its connections. */
  readonly closings: string[] = [];
  #say: (data: string) => void = () => {};

  /** Says something on the connection made last. */
  say(t: string, data: unknown, seq?: number): void {
    this.#say(encodeServerMessage(t, data, { seq }));
  }

  async connect({ onMessage }: TransportConnectOptions): Promise<TransportConnection> {
    this.#say = onMessage;
    const closed = deferred<TransportCloseInfo>();
    let greeted = false;
    return {
      bufferedBytes: 0,
      closed: closed.promise,
      send: (data) => {
        if (typeof data !== "string" || greeted) return;
        greeted = true;
        queueMicrotask(() => {
          this.say("server.welcome", {
            hb: { interval_ms: 10_000, timeout_ms: 30_000 },
            resume_window: { seconds: 60, token: "secret" },
            limits: { max_in_flight: 64, max_msg_bytes: 131_072 },
            audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, window: 160_000 },
          });
          this.say("session.new", { session_id: "s", epoch: 7, reason: "created", audio: { position: 0, pace: 4 } });
        });
      },
      close: (code, reason) => {
        this.closings.push(`${code} ${reason}`);
        closed.resolve({ code, reason, clean: false });
      },
    };
  }
}

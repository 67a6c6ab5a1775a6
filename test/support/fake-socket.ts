import {
  type ClientMessage,
  encodeServerMessage,
  parseClientMessage,
  type ServerData,
  type ServerMessageType,
} from "loquilex/protocol";

/** A browser's WebSocket whose network and server are the test. Its closing handshake never ends by itself. */
export class FakeSocket extends EventTarget {
  static readonly made: FakeSocket[] = [];
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly url: string;
  readyState = 0;
  bufferedAmount = 0;
  binaryType = "blob";
  onerror: (() => void) | null = null;
  readonly sent: (string | Uint8Array)[] = [];
  readonly closings: { readonly code: number | undefined; readonly reason: string | undefined }[] = [];

  constructor(url: string | URL) {
    super();
    this.url = String(url);
    FakeSocket.made.push(this);
  }

  /** Those that nobody has closed. */
  static get open(): FakeSocket[] {
    return FakeSocket.made.filter(({ readyState }) => readyState < 2);
  }

  /** The one made last. */
  static get last(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (socket === undefined) throw new Error("No socket was made.");
    return socket;
  }

  static asWebSocket(): typeof WebSocket {
    return FakeSocket as unknown as typeof WebSocket;
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }

  close(code?: number, reason?: string): void {
    this.closings.push({ code, reason });
    if (this.readyState < 2) this.readyState = 2;
  }

  get messages(): ClientMessage[] {
    return this.sent.filter((data) => typeof data === "string").map((text) => parseClientMessage(text));
  }

  accept(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  /** The network breaks. */
  drop(code = 1006): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "", wasClean: false }));
  }

  say<T extends ServerMessageType>(t: T, data: ServerData[T]): void {
    this.dispatchEvent(new MessageEvent("message", { data: encodeServerMessage(t, data) }));
  }

  /** Grants audio, and starts the session or resumes it at a position. */
  answer(resumeAt?: number, pace = 4): void {
    this.say("server.welcome", {
      hb: { interval_ms: 10_000, timeout_ms: 30_000 },
      resume_window: { seconds: 60, token: "secret" },
      limits: { max_in_flight: 64, max_msg_bytes: 131_072 },
      audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, window: 160_000 },
    });
    if (resumeAt === undefined) {
      this.say("session.new", { session_id: "s", epoch: 7, reason: "created", audio: { position: 0, pace } });
    } else {
      const audio = { position: resumeAt, pace };
      this.say("session.ack", { session_id: "s", status: "resumed", epoch: 7, audio });
    }
  }
}

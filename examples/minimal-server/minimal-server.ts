import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import * as protocol from "loquilex/protocol";
import { CloseCode, ShapeError } from "loquilex/protocol";
import type { Scope } from "loquilex/resources";
import { type WebSocket, WebSocketServer } from "ws";

type Opening = Extract<protocol.ClientMessage, { readonly t: "client.hello" | "session.resume" }>;
/** One client that is connected. */
interface Client {
  readonly opening: Opening | undefined;
  beat(): void;
  close(code: CloseCode, reason: string, error?: string): void;
}

const HEARTBEAT_MS = 5_000;
/** Heartbeats during which a client may be silent; the contract gives it ten seconds to say who it is. */
const SILENT_BEATS = 3;
const NAMELESS_BEATS = 2;
const MAX_MESSAGE_BYTES = 65_536;
const MAX_UNREAD_BYTES = 1_048_576;
const WINDOW_SEC = 10;

/** A tone of two seconds, which is all that this server has to say, to clients that play it. */
const VOICE = { sampleRate: 24_000, channels: 1 };
const TONE = new Uint8Array(
  Int16Array.from({ length: 2 * VOICE.sampleRate }, (_, n) => 6_000 * Math.sin((2 * Math.PI * 440 * n) / 24_000))
    .buffer,
);

/** Listens, on this machine alone, and writes the sound of each session to a file in the folder. Port 0 is any free one. */
export function listen(port: number, folder: string, scope: Scope): WebSocketServer {
  const clients = new Set<Client>();
  const handleProtocols = (offered: Set<string>) => offered.has(protocol.SUBPROTOCOL) && protocol.SUBPROTOCOL;
  const server = new WebSocketServer({ port, host: "127.0.0.1", maxPayload: MAX_MESSAGE_BYTES, handleProtocols });
  server.on("connection", (socket, { headers }) => {
    const client = attend(socket, folder, clients);
    if (socket.protocol === "" && headers["sec-websocket-protocol"] !== undefined)
      client.close(CloseCode.unsupported, "This server speaks none of the subprotocols that were offered.");
    clients.add(client);
    socket.on("close", () => clients.delete(client));
  });
  const beat = () => {
    for (const client of clients) client.beat();
    scope.timeout(HEARTBEAT_MS, beat, "heartbeat");
  };
  beat();
  scope.defer("minimal server", () => {
    for (const client of clients) client.close(CloseCode.serviceRestart, "The server is restarting.");
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return server;
}

/** Speaks with a client until it is gone. The names are those of the contract, PROTOCOL.md. */
function attend(socket: WebSocket, folder: string, clients: ReadonlySet<Client>): Client {
  let opening: Opening | undefined;
  let file: FileHandle | undefined;
  /** Position of the next sample to come; everything before `kept` is in the file. */
  let [expected, kept] = [0, 0];
  let [asked, ending] = [false, false];
  let silentBeats = 0;
  const pending: protocol.WireAudioFrame[] = [];
  // Lives as long as the connection here: a client that comes back hears something else from where it stands.
  const voice = new protocol.PlaybackSender(VOICE);
  let writing: Promise<unknown> = Promise.resolve();

  const send = <T extends protocol.ServerMessageType>(t: T, data: protocol.ServerData[T], corr?: string): void => {
    if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate();
    else socket.send(protocol.encodeServerMessage(t, data, corr === undefined ? {} : { corr }));
  };
  const close = (code: CloseCode, reason: string, error?: string): void => {
    if (error !== undefined) send("server.error", { code: error, detail: reason });
    socket.close(code, protocol.fitCloseReason(reason));
  };
  const fail = (error: unknown): void => {
    if (error instanceof protocol.UnsupportedVersionError)
      close(CloseCode.unsupported, error.message, "unsupported_version");
    else if (error instanceof ShapeError) close(CloseCode.protocolViolation, error.message, "invalid_message");
    else close(CloseCode.internalError, "The server cannot keep the recording.", "internal_error");
  };

  async function begin(message: Opening): Promise<void> {
    const { audio, session_id, client_id } = message.data;
    if (opening !== undefined) throw new ShapeError(`${message.t} must be the first message of a connection.`);
    if (protocol.bytesPerSample(audio.encoding) === undefined) {
      return close(CloseCode.unsupported, `This server takes no ${audio.encoding}.`, "unsupported_format");
    }
    const other = [...clients].find((client) => client.opening?.data.session_id === session_id);
    if (other?.opening !== undefined) {
      const isSame = other.opening.data.client_id === client_id;
      const isTakenOver = message.t === "client.hello" && message.data.takeover === true;
      if (!isSame && !isTakenOver) return close(CloseCode.inUse, "Another client holds this session.", "in_use");
      if (isSame && message.data.attempt <= other.opening.data.attempt)
        return close(CloseCode.replaced, "A newer connection is known.", "stale");
      other.close(isSame ? CloseCode.replaced : CloseCode.superseded, "Another connection has the session now.");
    }
    opening = message;
    // A name that nobody else can know, and that leads out of no folder.
    const name = createHash("sha256").update(`${session_id}/${client_id}`).digest("hex");
    file = await open(join(folder, `${name.slice(0, 32)}.pcm`), constants.O_RDWR | constants.O_CREAT);
    [expected, kept] = [audio.first, audio.first];
    const { encoding, sample_rate, channels } = audio;
    send("server.welcome", {
      hb: { interval_ms: HEARTBEAT_MS, timeout_ms: SILENT_BEATS * HEARTBEAT_MS },
      resume_window: { seconds: 0 },
      limits: { max_in_flight: 1, max_msg_bytes: MAX_MESSAGE_BYTES },
      audio: { encoding, sample_rate, channels, window: WINDOW_SEC * sample_rate },
    });
    // Nothing outlives a connection but the file. A client that comes back sends what it holds, to the same place again.
    const reason = message.t === "client.hello" ? "created" : "unknown_session";
    send("session.new", { session_id, epoch: Date.now(), reason, audio: { position: kept, pace: 4 } });
    voice.attach(message.data.accept, (said) => socket.send(said));
    if (message.t === "client.hello" && voice.write(TONE)) voice.end();
    send("audio.ack", { position: kept });
  }

  function takeFrame(bytes: Uint8Array<ArrayBuffer>): void {
    if (opening === undefined || file === undefined) throw new ShapeError("The first message must be an opening.");
    const { audio } = opening.data;
    const frame = protocol.decodeAudioFrame(bytes, audio);
    if (frame.position + frame.sampleCount <= expected) return;
    if (ending) throw new ShapeError("No audio may follow client.end.");
    if (frame.position > expected && (frame.flags & protocol.AudioFrameFlag.gap) === 0) {
      if (!asked) send("audio.resync", { position: expected });
      asked = true;
      return;
    }
    const waiting = pending.reduce((samples, { sampleCount }) => samples + sampleCount, 0);
    if (waiting > WINDOW_SEC * audio.sample_rate)
      throw new ShapeError("A client must not send more than its window holds.");
    expected = frame.position + frame.sampleCount;
    asked = false;
    // A recogniser would hear the frame here.
    if (pending.push(frame) === 1) writing = writing.then(() => write(audio)).catch(fail);
  }

  /** Writes what has gathered, each sample at the place that its position gives it, and acknowledges it. */
  async function write({ encoding, channels }: protocol.AudioOffer): Promise<void> {
    const sampleBytes = (protocol.bytesPerSample(encoding) ?? 0) * channels;
    for (const { payload, position, sampleCount } of pending.splice(0)) {
      await file?.write(payload, 0, payload.byteLength, position * sampleBytes);
      kept = position + sampleCount;
    }
    send("audio.ack", { position: kept });
    finish();
  }

  /** The client closes when it hears that everything is kept. */
  function finish(): void {
    if (ending && kept === expected) send("session.end", { position: kept, reason: "ended" });
  }

  async function take(message: protocol.ClientMessage): Promise<void> {
    if (message.t === "client.hello" || message.t === "session.resume") await begin(message);
    else if (file === undefined) throw new ShapeError("The first message must be an opening.");
    else if (protocol.isPlaybackMessage(message)) voice.receive(message);
    else if (message.t === "client.hb") send("server.hb", {}, message.id);
    else if (message.t === "client.end") {
      const { position } = message.data;
      if (position < expected) throw new ShapeError("client.end must not lie before audio already sent.");
      ending = position === expected;
      if (ending) finish();
      else send("audio.resync", { position: expected });
    }
    // client.ack and client.flow are about numbered messages, of which this server sends none.
  }

  socket.on("error", () => socket.terminate());
  // What is on its way to the file still gets there.
  socket.on("close", () => void writing.finally(() => file?.close()));
  socket.on("message", async (data: Buffer<ArrayBuffer>, isBinary) => {
    silentBeats = 0;
    try {
      if (socket.readyState !== socket.OPEN) return;
      if (isBinary) takeFrame(new Uint8Array(data));
      else await take(protocol.parseClientMessage(data.toString()));
    } catch (error) {
      fail(error);
    }
  });
  return {
    get opening() {
      return opening;
    },
    /** Beats are counted and not time, so that a server that slept blames nobody. */
    beat() {
      silentBeats += 1;
      if (silentBeats > (file === undefined ? NAMELESS_BEATS : SILENT_BEATS))
        close(CloseCode.timeout, "Nothing was heard.");
      else if (file !== undefined) send("server.hb", {});
    },
    close,
  };
}

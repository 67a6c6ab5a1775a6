import type { Transport, TransportCloseInfo, TransportConnection, TransportConnectOptions } from "loquilex";
import { decodeAudioFrame, encodeServerMessage, parseClientMessage } from "loquilex/protocol";

/** What hears the stream. */
export interface Hearer {
  hear(samples: Float32Array, position: number): void;
  end(position: number): void;
}

const SAMPLE_RATE = 16_000;
const FORMAT = { encoding: "pcm_s16le", channels: 1 } as const;

/** A server in the page: it speaks the protocol without a network. Nothing is kept, and nothing leaves the page. */
export class PageServer implements Transport {
  readonly #listen: (say: (message: string) => void) => Hearer;

  /** @param listen makes the one that hears a connection; it says its captions by the function that it gets. */
  constructor(listen: (say: (message: string) => void) => Hearer) {
    this.#listen = listen;
  }

  async connect({ onMessage }: TransportConnectOptions): Promise<TransportConnection> {
    let close = (_info: TransportCloseInfo): void => {};
    const closed = new Promise<TransportCloseInfo>((resolve) => {
      close = resolve;
    });
    const hearer = this.#listen(onMessage);
    const answers: Answers = { say: onMessage, hearer };
    return {
      bufferedBytes: 0,
      closed,
      // The client's own call has ended when it hears the answer.
      send: (data) => queueMicrotask(() => (typeof data === "string" ? answer(data, answers) : take(data, answers))),
      close: (code, reason) => close({ code, reason, clean: true }),
    };
  }
}

interface Answers {
  readonly say: (message: string) => void;
  readonly hearer: Hearer;
}

function answer(text: string, { say, hearer }: Answers): void {
  const { t, data, id } = parseClientMessage(text);
  if (t === "client.hello" || t === "session.resume") {
    const { session_id, audio } = data;
    say(
      encodeServerMessage("server.welcome", {
        hb: { interval_ms: 10_000, timeout_ms: 30_000 },
        resume_window: { seconds: 0 },
        limits: { max_in_flight: 64, max_msg_bytes: 65_536 },
        audio: { ...FORMAT, sample_rate: SAMPLE_RATE, window: 10 * SAMPLE_RATE },
      }),
    );
    const start = { position: audio.first, pace: 4 };
    say(encodeServerMessage("session.new", { session_id, epoch: Date.now(), reason: "created", audio: start }));
    say(encodeServerMessage("audio.ack", { position: audio.first }));
  } else if (t === "client.hb") {
    say(encodeServerMessage("server.hb", {}, id === undefined ? {} : { corr: id }));
  } else if (t === "client.end") {
    hearer.end(data.position);
    say(encodeServerMessage("audio.ack", { position: data.position }));
    say(encodeServerMessage("session.end", { position: data.position, reason: "ended" }));
  }
}

function take(bytes: Uint8Array<ArrayBuffer>, { say, hearer }: Answers): void {
  const { position, sampleCount, payload } = decodeAudioFrame(bytes, FORMAT);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const samples = Float32Array.from({ length: sampleCount }, (_, index) => view.getInt16(2 * index, true) / 32_768);
  hearer.hear(samples, position);
  say(encodeServerMessage("audio.ack", { position: position + sampleCount }));
}

import {
  decodeAudioFrame,
  encodeServerMessage,
  parseClientMessage,
  type ServerData,
  type ServerMessageType,
} from "loquilex/protocol";

/** One connection of a server that speaks as much of a protocol as its client needs to go on sending audio. */
export interface Conversation {
  /** Takes a message. @returns the audio in it, 16 bits little-endian at 16 kHz, if there is any. */
  take(message: Buffer, isBinary: boolean): Uint8Array | undefined;
}

export type Dialect = (say: (message: string) => void) => Conversation;

/** Audio is acknowledged after so many samples. */
const ACK_SAMPLES = 1_600;

/** Protocol v1 of this package. */
export const loquilexDialect: Dialect = (say) => {
  const answer = <T extends ServerMessageType>(t: T, data: ServerData[T]): void => say(encodeServerMessage(t, data));
  let acknowledged = 0;
  return {
    take(message, isBinary) {
      if (isBinary) {
        const { position, sampleCount, payload } = decodeAudioFrame(new Uint8Array(message), {
          encoding: "pcm_s16le",
          channels: 1,
        });
        if (position + sampleCount >= acknowledged + ACK_SAMPLES) {
          acknowledged = position + sampleCount;
          answer("audio.ack", { position: acknowledged });
        }
        return payload;
      }
      const { t, data } = parseClientMessage(message.toString());
      if (t === "client.hello" || t === "session.resume") {
        answer("server.welcome", {
          hb: { interval_ms: 10_000, timeout_ms: 30_000 },
          resume_window: { seconds: 60, token: "secret" },
          limits: { max_in_flight: 64, max_msg_bytes: 131_072 },
          audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, window: 160_000 },
        });
        const audio = { position: data.audio.first, pace: 4 };
        const session_id = data.session_id;
        if (t === "client.hello") answer("session.new", { session_id, epoch: 1, reason: "created", audio });
        else answer("session.ack", { session_id, status: "resumed", epoch: 1, audio });
      } else if (t === "client.hb") answer("server.hb", {});
      else if (t === "client.end") {
        answer("audio.ack", { position: data.position });
        answer("session.end", { position: data.position, reason: "end" });
      }
      return undefined;
    },
  };
};

/** Nothing but audio. */
export const rawDialect: Dialect = () => ({ take: (message) => message });

/** Takes the configuration, and then audio without an answer. */
export const sonioxDialect: Dialect = (say) => ({
  take(message, isBinary) {
    if (isBinary) return message;
    if (message.byteLength === 0) say(JSON.stringify({ tokens: [], finished: true }));
    return undefined;
  },
});

/** Begins by itself, and answers the end. */
export const assemblyaiDialect: Dialect = (say) => {
  say(JSON.stringify({ type: "Begin", id: "session", expires_at: 4_102_444_800 }));
  return {
    take(message, isBinary) {
      if (isBinary) return message;
      if (JSON.parse(message.toString()).type === "Terminate") say(JSON.stringify({ type: "Termination" }));
      return undefined;
    },
  };
};

/** Confirms the start, each message of audio, and the end. */
export const speechmaticsDialect: Dialect = (say) => {
  let audioMessages = 0;
  return {
    take(message, isBinary) {
      if (isBinary) {
        audioMessages += 1;
        say(JSON.stringify({ message: "AudioAdded", seq_no: audioMessages }));
        return message;
      }
      const { message: type } = JSON.parse(message.toString());
      if (type === "StartRecognition") say(JSON.stringify({ message: "RecognitionStarted", id: "session" }));
      else if (type === "EndOfStream") say(JSON.stringify({ message: "EndOfTranscript" }));
      return undefined;
    },
  };
};

const RIFF_HEADER_BYTES = 44;

/** Messages have headers of their own, before which binary ones tell how long they are. The first audio is a RIFF header. */
export const microsoftDialect: Dialect = (say) => {
  const answer = (path: string, requestId: string, body: object): void =>
    say(
      `X-RequestId:${requestId}\r\nContent-Type:application/json; charset=utf-8\r\nPath:${path}\r\n\r\n${JSON.stringify(body)}`,
    );
  return {
    take(message, isBinary) {
      if (isBinary) {
        const body = message.subarray(2 + message.readUInt16BE(0));
        return body.subarray(0, 4).toString() === "RIFF" ? body.subarray(RIFF_HEADER_BYTES) : body;
      }
      const text = message.toString();
      const requestId = /^X-RequestId:\s*(\S+)/im.exec(text)?.[1] ?? "";
      if (/^Path:\s*speech\.context/im.test(text)) {
        answer("turn.start", requestId, { context: { serviceTag: "tag" } });
      }
      return undefined;
    },
  };
};

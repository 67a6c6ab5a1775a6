import type {
  ClientData,
  ClientMessageType,
  PlaybackServerData,
  ServerData,
  ServerMessageType,
} from "loquilex/protocol";

/** Data of one message type: every field set, and only those that may not be missing. */
export interface Sample<Data> {
  readonly full: Data;
  readonly minimal: Data;
}

const audioOffer = { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 320, next: 640 } as const;

const opening = {
  agent: "test/1",
  accept: ["audio/1"],
  ack_mode: "cumulative",
  max_in_flight: 64,
  session_id: "session",
  client_id: "client",
  attempt: 2,
  audio: audioOffer,
} as const;

const voided = { full: { segment_ids: ["s1", "s2"] }, minimal: { segment_ids: [] } };
const transcript = {
  full: {
    text: "hello",
    segment_id: "s1",
    final: true,
    audio: { from: 0, to: 320 },
    words: [{ text: "hello", from: 0, to: 320 }],
  },
  minimal: { text: "", segment_id: "s1" },
};

const anything = { full: { nested: [1, "two", { three: null }] }, minimal: null };

/** One of every message that a client may send. */
export const CLIENT_SAMPLES: { readonly [T in ClientMessageType]: Sample<ClientData[T]> } = {
  "client.hello": { full: { ...opening, token: "secret", takeover: true }, minimal: opening },
  "session.resume": {
    full: { ...opening, token: "secret", last_seq: 8, epoch: 7, resume_token: "resume" },
    minimal: { ...opening, last_seq: 0 },
  },
  "client.hb": { full: { ts: "2026-01-01T00:00:00Z" }, minimal: {} },
  "client.ack": { full: { ack_seq: 12 }, minimal: { ack_seq: 0 } },
  "client.flow": { full: { max_in_flight: 8 }, minimal: { max_in_flight: 1 } },
  "client.end": { full: { position: 48_000 }, minimal: { position: 0 } },
  "playback.open": {
    full: { next: 4_800, heard: 2_400, interrupts: 1, window: 240_000 },
    minimal: { next: 0, heard: 0, interrupts: 0, window: 1 },
  },
  "playback.ack": { full: { heard: 2_400 }, minimal: { heard: 0 } },
  "playback.interrupt": { full: { heard: 2_400, interrupts: 2 }, minimal: { heard: 0, interrupts: 1 } },
};

/** One of every message that a server may send. */
/** What servers send that were offered `playback/1`. */
export const PLAYBACK_SAMPLES: { readonly [T in keyof PlaybackServerData]: Sample<PlaybackServerData[T]> } = {
  "playback.offer": {
    full: { encoding: "pcm_s16le", sample_rate: 24_000, channels: 2 },
    minimal: { encoding: "pcm_s16le", sample_rate: 8_000, channels: 1 },
  },
  "playback.start": { full: { position: 480, interrupts: 1, gap: true }, minimal: { position: 0, interrupts: 0 } },
  "playback.end": { full: { position: 48_000 }, minimal: { position: 0 } },
};

export const SERVER_SAMPLES: { readonly [T in ServerMessageType]: Sample<ServerData[T]> } = {
  "server.welcome": {
    full: {
      hb: { interval_ms: 10_000, timeout_ms: 30_000 },
      resume_window: { seconds: 60.5, token: "resume" },
      limits: { max_in_flight: 64, max_msg_bytes: 65_536 },
      generation: 3,
      audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, window: 48_000 },
    },
    minimal: {
      hb: { interval_ms: 1, timeout_ms: 1 },
      resume_window: { seconds: 0 },
      limits: { max_in_flight: 1, max_msg_bytes: 256 },
    },
  },
  "server.hb": { full: { ts: "now" }, minimal: {} },
  "server.ack": anything,
  "server.error": {
    full: { code: "overloaded", detail: "Too many sessions.", retry_after_ms: 1_000 },
    minimal: { code: "overloaded" },
  },
  "server.goaway": { full: { reason: "deploy", retry_after_ms: 0 }, minimal: { reason: "" } },
  "session.new": {
    full: { session_id: "session", epoch: 7, reason: "created", audio: { position: 0, pace: 4 } },
    minimal: { session_id: "session", epoch: 0, reason: "" },
  },
  "session.snapshot": {
    full: {
      session_id: "session",
      epoch: 7,
      current_seq: 11,
      gap: { from_seq: 3, to_seq: 5 },
      finalized_transcript: [{ text: "hello" }, "x", null],
      active_partials: [{}],
      omitted_finals: 12,
      omitted_partials: true,
    },
    minimal: { session_id: "session", epoch: 7, current_seq: 0, finalized_transcript: [], active_partials: [] },
  },
  "session.ack": {
    full: {
      session_id: "session",
      status: "resumed",
      epoch: 7,
      audio: { position: 640, pace: 1.5 },
    },
    minimal: { session_id: "session", status: "resumed" },
  },
  "session.end": { full: { position: 48_000, reason: "done" }, minimal: { position: 0, reason: "" } },
  "audio.ack": { full: { position: 320 }, minimal: { position: 0 } },
  "audio.resync": { full: { position: 320 }, minimal: { position: 0 } },
  "asr.partial": transcript,
  "asr.final": transcript,
  "mt.partial": transcript,
  "mt.final": transcript,
  "asr.void": voided,
  "mt.void": voided,
  status: anything,
  "queue.drop": anything,
  "system.heartbeat": anything,
  "system.metrics": anything,
};

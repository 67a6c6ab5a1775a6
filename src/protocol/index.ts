export {
  AUDIO_FRAME_HEADER_BYTES,
  AUDIO_FRAME_KIND,
  AudioFrameFlag,
  bytesPerSample,
  decodeAudioFrame,
  encodeAudioFrame,
  MAX_FRAME_SAMPLES,
  type WireAudioFrame,
} from "./audio-frame.js";
export { CloseCode, fitCloseReason, isFatalCloseCode } from "./close-codes.js";
export { fitText } from "./fit-text.js";
export {
  type ApplicationMessage,
  AUDIO_EXTENSION,
  type AudioEncoding,
  type AudioOffer,
  type ClientData,
  type ClientMessage,
  type ClientMessageType,
  type Envelope,
  encodeClientMessage,
  encodeServerMessage,
  isApplicationMessage,
  type KnownServerMessage,
  PROTOCOL_VERSION,
  parseClientMessage,
  parseServerMessage,
  type ServerData,
  type ServerEnvelopeFields,
  type ServerMessage,
  type ServerMessageType,
  SUBPROTOCOL,
  UnsupportedVersionError,
} from "./messages.js";
export {
  MAX_OPUS_PACKET_BYTES,
  MAX_OPUS_PACKET_MS,
  MIN_OPUS_PACKET_MS,
  OPUS_SAMPLE_RATES,
  opusPacketDurationMs,
} from "./opus-packet.js";
export {
  isPlaybackMessage,
  PLAYBACK_EXTENSION,
  type PlaybackClientData,
  type PlaybackClientMessage,
  type PlaybackServerData,
  type PlaybackServerMessage,
  parsePlaybackMessage,
} from "./playback-messages.js";
export { PlaybackSender, type PlaybackSenderOptions } from "./playback-sender.js";
export { ShapeError } from "./shape.js";

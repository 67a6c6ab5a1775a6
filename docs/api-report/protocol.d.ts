import { AUDIO_EXTENSION, ApplicationMessage, AudioEncoding, AudioOffer, Bytes, Check, Checked, ClientData, ClientMessage, ClientMessageType, Envelope, KnownServerMessage, PROTOCOL_VERSION, SUBPROTOCOL, ServerData, ServerEnvelopeFields, ServerMessage, ServerMessageType, Shape, ShapeError, UnsupportedVersionError, encodeClientMessage, encodeServerMessage, isApplicationMessage, parseClientMessage, parseServerMessage } from "./shared-messages.js";

declare const AUDIO_FRAME_KIND = 1;
declare const AUDIO_FRAME_HEADER_BYTES = 12;
declare const MAX_FRAME_SAMPLES = 65535;
declare const AudioFrameFlag: {
  readonly muted: 2; /** Nothing follows. */
  readonly last: 4; /** Opus only: the codec starts anew, so that a new decoder is needed. Its audio is the end of what the packet decodes to. */
  readonly restart: 8;
};
interface WireAudioFrame {
  readonly flags: number;
  readonly sampleCount: number;
  readonly position: number;
  readonly payload: Bytes;
}
declare function bytesPerSample(encoding: AudioEncoding): number | undefined;
declare function encodeAudioFrame(frame: WireAudioFrame): Bytes;
declare function decodeAudioFrame(bytes: Bytes, format: {
  readonly encoding: AudioEncoding;
  readonly channels: number;
}): WireAudioFrame;
declare const CloseCode: {
  readonly goingAway: 1001; /** A message was larger than the other end takes. */
  readonly messageTooBig: 1009; /** Something failed at the server. */
  readonly internalError: 1011; /** Said on a deploy: come back after a moment. */
  readonly serviceRestart: 1012; /** The server cannot serve this connection now. */
  readonly tryAgainLater: 1013; /** Said by a client that moves to a new connection and will be back. */
  readonly rollover: 4000; /** A message that breaks the protocol; the reason names the field. */
  readonly protocolViolation: 4400; /** The token is missing, or is not accepted. */
  readonly unauthorized: 4401; /** This client may not do that, whatever its token says. */
  readonly forbidden: 4403; /** Version, encoding or extension that this server does not speak. */
  readonly unsupported: 4406; /** Nothing, or no answer, arrived in time. */
  readonly timeout: 4408; /** Another client holds this session id. */
  readonly inUse: 4409; /** Another client took the session over. */
  readonly superseded: 4410; /** The same client came back on a newer connection. */
  readonly replaced: 4411; /** The session, or the audio it may hold, is larger than the server allows. */
  readonly tooLarge: 4413; /** Too many sessions; the error before the close says when to come back. */
  readonly overloaded: 4429;
};
type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];
declare const isFatalCloseCode: (code: number) => boolean;
declare function fitCloseReason(reason: string): string;
declare const fitText: (text: string, maxLength: number) => string;
declare const OPUS_SAMPLE_RATES: readonly number[];
declare const MAX_OPUS_PACKET_BYTES = 3840;
declare const MIN_OPUS_PACKET_MS = 10;
declare const MAX_OPUS_PACKET_MS = 60;
declare function opusPacketDurationMs(packet: Uint8Array): number | undefined;
declare const PLAYBACK_EXTENSION = "playback/1";
declare const playbackClientChecks: () => {
    readonly heard: Check<number>; /** How often this client has interrupted the server so far. */
    readonly interrupts: Check<number>; /** Samples that the server may send beyond what was heard. */
    readonly window: Check<number>;
  }>>; /** More was heard. */
  "playback.ack": Check<Shape<{
  "playback.interrupt": Check<Shape<{
    readonly interrupts: Check<number>;
  }>>;
};
declare const PLAYBACK_SERVER_CHECKS: {
    readonly sample_rate: Check<number>; /** 2: left and right, interleaved. */
    readonly channels: Check<number>;
  }>>; /** Answers `playback.open` and `playback.interrupt`. */
  "playback.start": Check<Shape<{
    readonly interrupts: Check<number>; /** Whether the server has lost what it had to say before this position. */
    readonly gap: Check<boolean | undefined>;
  }>>; /** What was being said ends at this position, so that silence after it is no fault. */
  "playback.end": Check<Shape<{
type PlaybackServerData = { readonly [T in keyof typeof PLAYBACK_SERVER_CHECKS]: Checked<(typeof PLAYBACK_SERVER_CHECKS)[T]> };
type PlaybackClientData = { readonly [T in keyof ReturnType<typeof playbackClientChecks>]: Checked<ReturnType<typeof playbackClientChecks>[T]> };
type PlaybackServerMessage = { [T in keyof PlaybackServerData]: {
  readonly data: PlaybackServerData[T];
} }[keyof PlaybackServerData];
type PlaybackClientMessage = { [T in keyof PlaybackClientData]: {
  readonly data: PlaybackClientData[T];
} }[keyof PlaybackClientData];
declare const isPlaybackMessage: (message: ClientMessage) => message is ClientMessage & PlaybackClientMessage;
declare function parsePlaybackMessage(json: string): PlaybackServerMessage | undefined;
interface PlaybackSenderOptions {
  readonly sampleRate: number;
  readonly channels: number;
  readonly maxWaitingSec?: number | undefined;
  readonly maxWindowSec?: number | undefined;
  onInterrupt?(heard: number): void;
  onHeard?(heard: number): void;
}
declare class PlaybackSender {
  #private;
  constructor(options: PlaybackSenderOptions);
  get heard(): number;
  get sent(): number;
  get waiting(): number;
  write(samples: Bytes): boolean;
  end(): void;
  attach(accept: readonly string[], send: (data: string | Bytes) => void): void;
  detach(): void;
  receive({
    t,
    data
  }: PlaybackClientMessage): void;
}
export { AUDIO_EXTENSION, AUDIO_FRAME_HEADER_BYTES, AUDIO_FRAME_KIND, type ApplicationMessage, type AudioEncoding, AudioFrameFlag, type AudioOffer, type ClientData, type ClientMessage, type ClientMessageType, CloseCode, type Envelope, type KnownServerMessage, MAX_FRAME_SAMPLES, MAX_OPUS_PACKET_BYTES, MAX_OPUS_PACKET_MS, MIN_OPUS_PACKET_MS, OPUS_SAMPLE_RATES, PLAYBACK_EXTENSION, PROTOCOL_VERSION, type PlaybackClientData, type PlaybackClientMessage, PlaybackSender, type PlaybackSenderOptions, type PlaybackServerData, type PlaybackServerMessage, SUBPROTOCOL, type ServerData, type ServerEnvelopeFields, type ServerMessage, type ServerMessageType, ShapeError, UnsupportedVersionError, type WireAudioFrame, bytesPerSample, decodeAudioFrame, encodeAudioFrame, encodeClientMessage, encodeServerMessage, fitCloseReason, fitText, isApplicationMessage, isFatalCloseCode, isPlaybackMessage, opusPacketDurationMs, parseClientMessage, parsePlaybackMessage, parseServerMessage };
import { AudioStream } from "./shared-audio-stream.js";
import { AudioStreamOptions, ServerEvent } from "./shared-options.js";
import { Transport, UrlProvider } from "./shared-transport.js";

declare const CHANNEL_POLICIES: readonly ["mix", "left", "right", "stereo"];
type ChannelPolicy = (typeof CHANNEL_POLICIES)[number];
interface MicrophoneOptions {
  readonly deviceId?: ConstrainDOMString | undefined;
  readonly channelCount?: 1 | 2 | undefined;
  readonly channels?: ChannelPolicy | undefined;
  readonly echoCancellation?: boolean | "all" | "remote-only" | undefined;
  readonly noiseSuppression?: boolean | undefined;
  readonly autoGainControl?: boolean | undefined;
  readonly deviceLossTimeoutMs?: number | undefined;
  readonly track?: MediaStreamTrack | undefined;
  readonly audioContext?: AudioContext | undefined;
  readonly workletUrl?: string | URL | undefined;
}
interface MicrophoneStreamOptions extends AudioStreamOptions {
  readonly microphone?: MicrophoneOptions | undefined;
}
declare function createMicrophoneStream<Message = ServerEvent>(server: UrlProvider | Transport, options?: MicrophoneStreamOptions): AudioStream<Message>;
declare function createMicrophoneStream(server: UrlProvider | Transport, options?: MicrophoneStreamOptions): AudioStream;
export { ChannelPolicy, MicrophoneOptions, MicrophoneStreamOptions, createMicrophoneStream };
import { microphone } from "./capture/microphone/microphone.js";
import type { MicrophoneOptions } from "./capture/microphone/microphone-options.js";
import { checkObject } from "./internal/arguments.js";
import { AudioStream } from "./stream/audio-stream.js";
import type { ServerEvent } from "./stream/events/events.js";
import type { AudioStreamOptions } from "./stream/options/options.js";
import type { UrlProvider } from "./transport/transport.js";
import { webSocket } from "./transport/websocket.js";

/** Options of {@link createMicrophoneStream}: those of every stream, and those of the microphone. */
export interface MicrophoneStreamOptions extends AudioStreamOptions {
  /** Device, processing, and where the audio-thread module is loaded from. */
  readonly microphone?: MicrophoneOptions | undefined;
}

/**
 * A stream from the microphone over WebSocket. Inert until {@link AudioStream.start}.
 * @param url where the server listens, or a function that is asked before each connection.
 * @throws TypeError or RangeError naming the option that cannot be.
 */
export function createMicrophoneStream<Message = ServerEvent>(
  url: UrlProvider,
  options: MicrophoneStreamOptions = {},
): AudioStream<Message> {
  checkObject("options", options);
  return new AudioStream<Message>({ source: microphone(options.microphone), transport: webSocket(url) }, options);
}

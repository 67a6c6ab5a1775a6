import type { ImportedGate } from "./capture/gate.js";
import { CAPTURE_MODULE } from "./capture/graph/processor/capture-module.js";
import { microphone } from "./capture/microphone/microphone.js";
import type { MicrophoneOptions } from "./capture/microphone/microphone-options.js";
import { runningCode } from "./host/running/running-code-loader.js";
import { checkObject } from "./internal/arguments.js";
import { AudioStream } from "./stream/audio-stream.js";
import type { ServerEvent } from "./stream/events/events.js";
import type { AudioStreamOptions } from "./stream/options/options.js";
import type { Transport, UrlProvider } from "./transport/transport.js";
import { transportTo } from "./transport/websocket.js";

/** Options of {@link createMicrophoneStream}: those of every stream, and those of the microphone. */
export interface MicrophoneStreamOptions extends AudioStreamOptions {
  /** Device, processing, and where the audio-thread module is loaded from. */
  readonly microphone?: MicrophoneOptions | undefined;
}

/**
 * A stream from the microphone over WebSocket. Inert until {@link AudioStream.start}, but for the code of the worker and of the
 * audio thread: unless it has an address of its own, it begins to load, so that a server which goes away stops no start.
 * @param server where a LoquiLex server listens, or a function that is asked before each connection; or a transport, such as one of
 * `loquilex/dialects`.
 * @throws TypeError or RangeError naming the option that cannot be.
 */
export function createMicrophoneStream<Message = ServerEvent>(
  server: UrlProvider | Transport,
  options?: MicrophoneStreamOptions,
): AudioStream<Message>;
/** What `ReturnType` reads. */
export function createMicrophoneStream(server: UrlProvider | Transport, options?: MicrophoneStreamOptions): AudioStream;
export function createMicrophoneStream<Message>(
  server: UrlProvider | Transport,
  options: MicrophoneStreamOptions = {},
): AudioStream<Message> {
  checkObject("options", options);
  const stream = new AudioStream<Message>(
    { source: microphone(options.microphone), transport: transportTo(server) },
    options,
  );
  if (typeof document !== "undefined") preloadCode(options);
  return stream;
}

/** The start loads again what has not come, and reports what does not come then. */
function preloadCode({ workerUrl, gate, microphone: { workletUrl } = {} }: MicrophoneStreamOptions): void {
  if (workerUrl === undefined) runningCode.load().catch(() => {});
  if (workletUrl === undefined)
    ((gate as ImportedGate | undefined)?.module ?? CAPTURE_MODULE).code.load().catch(() => {});
}

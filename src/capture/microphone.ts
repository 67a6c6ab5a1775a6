import { withSignal } from "../internal/abort.js";
import { deferred } from "../internal/deferred.js";
import { Scope } from "../internal/scope.js";
import {
  CAPTURE_ENCODINGS,
  type CaptureEncoding,
  PROCESSOR_NAME,
  type ProcessorSettings,
} from "../worklet/port-messages.js";
import { acquireTrack } from "./device.js";
import { captureFailed, insecureContext, messageOf, unsupported } from "./media-errors.js";
import { MicrophoneCapture } from "./microphone-capture.js";
import { checkMicrophoneOptions, type MicrophoneOptions } from "./microphone-options.js";
import { missingCaptureFeatures } from "./requirements.js";
import type { AudioCapture, AudioSource, SourceOpenOptions } from "./source.js";
import { loadCaptureWorklet } from "./worklet-loader.js";

/** How long opening waits for the context to run; one that starts later is an interruption until then. */
const START_TIMEOUT_MS = 500;

/**
 * The microphone as a source, captured on the audio thread at the device's own rate. Does nothing until it
 * is opened; open it inside a click's handler, so that browsers let the audio context run.
 * @throws TypeError or RangeError naming the option that is wrong.
 */
export function microphone(options: MicrophoneOptions = {}): AudioSource {
  checkMicrophoneOptions(options);
  return { open: (openOptions) => openMicrophone(options, openOptions) };
}

async function openMicrophone(microphone: MicrophoneOptions, options: SourceOpenOptions): Promise<AudioCapture> {
  options.signal.throwIfAborted();
  const settings = processorSettings(microphone, options);
  checkRequirements(microphone);
  const scope = options.scope?.child("microphone") ?? new Scope({ name: "microphone" });
  scope.follow(options.signal, (reason) => void scope.dispose(reason));
  try {
    // Everything that needs the person's gesture happens before the first wait.
    const context = openContext(scope, microphone);
    const running = context.state === "suspended" ? context.resume() : Promise.resolve();
    running.catch(() => {});
    const device = scope.child("device");
    const [track] = await withSignal(
      Promise.all([acquireTrack(device, microphone), loadCaptureWorklet(context, microphone.workletUrl)]),
      scope.signal,
    );
    await started(scope, running);
    const node = openNode(scope, context, settings);
    return new MicrophoneCapture({ scope, context, node, device, track, microphone }, options);
  } catch (error) {
    await scope.dispose(error);
    throw error;
  }
}

function processorSettings(
  { channels }: MicrophoneOptions,
  { format, frameDurationMs }: SourceOpenOptions,
): ProcessorSettings {
  const { encoding, sampleRate, channelCount } = format;
  if (!isCaptureEncoding(encoding)) {
    throw unsupported(encoding, `The microphone is captured as ${CAPTURE_ENCODINGS.join(" or ")}, not as ${encoding}.`);
  }
  const policy = channels ?? (channelCount === 2 ? "stereo" : "mix");
  const captured = policy === "stereo" ? 2 : 1;
  if (channelCount !== captured) {
    throw unsupported(
      `${channelCount} channels`,
      `The microphone's channels: "${policy}" gives ${captured} where the stream's channelCount is ${channelCount}. Set either of them to fit.`,
    );
  }
  return { encoding, channels: policy, sampleRate, frameDurationMs, position: 0 };
}

function isCaptureEncoding(encoding: string): encoding is CaptureEncoding {
  return (CAPTURE_ENCODINGS as readonly string[]).includes(encoding);
}

function checkRequirements(microphone: MicrophoneOptions): void {
  const missing = missingCaptureFeatures();
  if (missing.includes("secure-context")) throw insecureContext();
  if (missing.includes("audio-worklet")) {
    throw unsupported("audio-worklet", "This browser has no AudioWorklet. Use a current version of any large browser.");
  }
  if (missing.includes("media-devices") && microphone.track === undefined) {
    throw unsupported("media-devices", "This browser gives pages no microphone (navigator.mediaDevices is missing).");
  }
}

function openContext(scope: Scope, { audioContext }: MicrophoneOptions): AudioContext {
  if (audioContext !== undefined) {
    if (audioContext.state === "closed") throw captureFailed("The given audioContext is closed. Give one that is not.");
    return audioContext;
  }
  try {
    // At the device's own rate: Firefox refuses microphones of another one, and a forced one is converted badly elsewhere.
    const context = new AudioContext();
    scope.defer("audio context", () => (context.state === "closed" ? undefined : context.close()));
    return context;
  } catch (cause) {
    throw captureFailed(`The browser could not start an audio context: ${messageOf(cause)}`, cause);
  }
}

/** Resolves once the context runs, or after a moment: without a gesture, browsers leave its start pending for ever. */
async function started(scope: Scope, running: Promise<void>): Promise<void> {
  const { promise: moment, resolve } = deferred<void>();
  const timer = scope.timeout(START_TIMEOUT_MS, resolve, "audio context start");
  try {
    await withSignal(Promise.race([running.catch(() => {}), moment]), scope.signal);
  } finally {
    timer.dispose();
  }
}

function openNode(scope: Scope, context: AudioContext, processorOptions: ProcessorSettings): AudioWorkletNode {
  try {
    const node = new AudioWorkletNode(context, PROCESSOR_NAME, { outputChannelCount: [1], processorOptions });
    scope.defer("worklet node", () => node.disconnect());
    // Engines run only what leads to the destination; the processor's output stays silent.
    node.connect(context.destination);
    return node;
  } catch (cause) {
    throw captureFailed(`The audio-thread processor could not be made: ${messageOf(cause)}`, cause);
  }
}

import type { AudioFrame, DeviceChangeReason, InterruptReason, SourceOpenOptions } from "../capture/source.js";
import type { AudioStreamError } from "../errors.js";
import type { HostOptions } from "../host/main-host.js";
import type { SessionEvent } from "../session/session-io.js";
import type {
  ConnectContext,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "../transport/transport.js";
import type { SupervisorParts } from "./source/source-supervisor.js";
import { invalidState } from "./stream-errors.js";

/** What a stream does when what it acquired calls. */
export interface StreamReactions {
  onFrame(frame: AudioFrame): void;
  whenRoom(): Promise<void>;
  onInterrupt(reason: InterruptReason | undefined): void;
  onDeviceChange(track: MediaStreamTrack, reason: DeviceChangeReason): void;
  onWarning(error: AudioStreamError): void;
  onEnd(error: AudioStreamError): void;
  /** The source is paused, or is not any more. */
  onSourceChange(): void;
  /** The source has paused: resolves when what it had delivered is with the session. */
  onSourcePaused(): Promise<void>;
  /** The source could not be brought back to where it was before a call that was aborted. */
  onSourceStuck(error: unknown): void;
  onSessionEvent(event: SessionEvent): void;
  onPageGone(): void;
  /** The application's own functions are reached in the same way, since they may well refer to the stream. */
  connect(options: TransportConnectOptions): Promise<TransportConnection>;
  getToken(context: ConnectContext): string | Promise<string>;
}

export interface StreamRelay {
  readonly source: Pick<
    SourceOpenOptions,
    "onFrame" | "whenRoom" | "onInterrupt" | "onDeviceChange" | "onWarning" | "onEnd"
  >;
  readonly supervisor: Pick<SupervisorParts, "onChange" | "onPaused" | "onStuck">;
  readonly host: Pick<HostOptions, "onEvent">;
  onPageGone(): void;
  readonly transport: Transport;
  getToken(context: ConnectContext): string | Promise<string>;
}

/**
 * Lets a running microphone and connection call a stream without keeping it alive, so that it shows when an application
 * has forgotten one. The reactions must be held by the stream alone.
 */
export function relayTo(reactions: StreamReactions): StreamRelay {
  const stream = new WeakRef(reactions);
  return {
    source: {
      onFrame: (frame) => stream.deref()?.onFrame(frame),
      // Nobody takes anything any more.
      whenRoom: () => stream.deref()?.whenRoom() ?? new Promise(() => {}),
      onInterrupt: (reason) => stream.deref()?.onInterrupt(reason),
      onDeviceChange: (track, reason) => stream.deref()?.onDeviceChange(track, reason),
      onWarning: (error) => stream.deref()?.onWarning(error),
      onEnd: (error) => stream.deref()?.onEnd(error),
    },
    supervisor: {
      onChange: () => stream.deref()?.onSourceChange(),
      onPaused: () => stream.deref()?.onSourcePaused() ?? Promise.resolve(),
      onStuck: (error) => stream.deref()?.onSourceStuck(error),
    },
    host: {
      onEvent: (event) => stream.deref()?.onSessionEvent(event),
    },
    onPageGone: () => stream.deref()?.onPageGone(),
    transport: { connect: (options) => (stream.deref() ?? FORGOTTEN).connect(options) },
    getToken: (context) => (stream.deref() ?? FORGOTTEN).getToken(context),
  };
}

const forgotten = (): Promise<never> => Promise.reject(invalidState("Connecting", "closed"));
const FORGOTTEN: Pick<StreamReactions, "connect" | "getToken"> = { connect: forgotten, getToken: forgotten };

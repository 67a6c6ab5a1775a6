import type { PlacedFrame } from "../capture/inlet/frame-inlet.js";
import type { AudioFormat } from "../capture/source.js";
import type { Scope } from "../internal/scope.js";
import type { SessionExtension } from "../session/session-extension.js";

/** Playing audio of the server, as a value, so that only an application that uses it carries it. */
export interface ImportedPlayback {
  /**
   * Has a stream play what its server says. Called again when another running side takes the place of one that died.
   * @param scope of the stream: its end releases the player, inside the call.
   * @returns where the running side finds the player.
   */
  attach(scope: Scope): MessagePort;
  readonly open: PlaybackOpener;
  /** An expression whose value in a worker is the same as `open`; `undefined` if the sources run as they are. */
  readonly source: (() => string) | undefined;
}

/** What takes the server's audio on the running side. */
export interface PlaybackInlet extends SessionExtension {
  /** Connects it with what {@link ImportedPlayback.attach} returned. */
  connect(port: MessagePort): void;
  /** Silences a frame of the stream in which the player would be heard, if it is meant to. */
  onCaptured(frame: PlacedFrame): void;
}

/**
 * Makes what takes the server's audio.
 * @param scope of the running side, which owns the ports.
 * @param say sends a message on the connection that is live.
 * @param format of the frames that are captured.
 */
export type PlaybackOpener = (scope: Scope, say: (data: string) => void, format: AudioFormat) => PlaybackInlet;

import type { EncoderOpener } from "../../frames/imported-encoding.js";
import type { Clock } from "../../internal/clock.js";
import type { Scope } from "../../internal/scope.js";
import type { ConnectContext, Transport } from "../../transport/transport.js";
import type { PlaybackOpener } from "../imported-playback.js";
import type { RunningEvent } from "../running-messages.js";

/** What a running side is made with. */
export interface RunningParts {
  /** Its disposal closes the socket and gives up what was not delivered, inside the call. */
  readonly scope: Scope;
  readonly clock: Clock;
  readonly transport: Transport;
  /** For an encoding that is not made on the audio thread. */
  readonly openEncoder: EncoderOpener | undefined;
  /** If the stream plays what the server says. */
  readonly openPlayback?: PlaybackOpener | undefined;
  /** Asked before each connection. */
  readonly getToken: ((context: ConnectContext) => string | Promise<string>) | undefined;
  onEvent(event: RunningEvent): void;
}

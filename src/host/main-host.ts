import type { Clock } from "../internal/clock.js";
import type { Scope } from "../internal/scope.js";
import type { CapturedFrame } from "../session/audio-sender.js";
import { Session } from "../session/session.js";
import type { SessionEvent, SessionStats } from "../session/session-io.js";
import type { SessionOptions } from "../session/session-options.js";
import type { ConnectContext, Transport } from "../transport/transport.js";
import { SessionDriver } from "./driver.js";
import { watchPage } from "./page-watch.js";

/** Where a session runs. Everything that crosses it could cross a thread. */
export interface SessionHost {
  start(): void;
  send(frame: CapturedFrame): void;
  /** Finishes: what was sent is acknowledged, then the server says goodbye; ends in `ended` or `failed`. */
  end(timeoutMs: number): void;
  stats(): SessionStats;
}

export interface HostOptions {
  readonly session: SessionOptions;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Its disposal aborts the session and closes the socket, inside the call. */
  readonly scope: Scope;
  readonly getToken: ((context: ConnectContext) => string | Promise<string>) | undefined;
  onEvent(event: SessionEvent): void;
}

/** Runs the session on the page's own thread. */
export function mainHost(options: HostOptions): SessionHost {
  const session = new Session(options.session);
  const driver = new SessionDriver({ ...options, session });
  watchPage(options.scope, () => driver.dispatch({ type: "probe" }));
  return {
    start: () => driver.dispatch({ type: "start" }),
    send: (frame) => driver.dispatch({ type: "frame", frame }),
    end: (timeoutMs) => driver.dispatch({ type: "end", timeoutMs }),
    stats: () => session.stats,
  };
}

import type { AudioStreamError } from "../errors.js";
import type { Clock } from "../internal/clock.js";
import { deferred } from "../internal/deferred.js";
import type { AudioRange } from "../internal/range-set.js";
import type { Scope } from "../internal/scope.js";
import type { WireAudioFrame } from "../protocol/audio-frame.js";
import { Session } from "../session/session.js";
import { sessionInUse, sessionLockTimeout, sessionSuperseded } from "../session/session-errors.js";
import type { SessionEvent, SessionStats } from "../session/session-io.js";
import type { SessionOptions } from "../session/session-options.js";
import type { ConnectContext, Transport } from "../transport/transport.js";
import { SessionDriver } from "./driver.js";
import { watchPage } from "./page-watch.js";
import { lockSession } from "./session-lock.js";

/** Where a session runs. Everything that crosses it could cross a thread. */
export interface SessionHost {
  start(): void;
  send(frame: WireAudioFrame): void;
  /** Audio after the last frame was captured, but no frame will bring it: it is lost, and counted as such. */
  discard(range: AudioRange): void;
  /** Finishes: what was sent is acknowledged, then the server says goodbye; ends in `ended` or `failed`. */
  end(timeoutMs: number): void;
  stats(): SessionStats;
}

export interface HostOptions {
  readonly session: SessionOptions;
  /** Whether no other tab of this origin may hold the session; of no use for an id that nobody else knows. */
  readonly exclusive: boolean;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Its disposal aborts the session and closes the socket, inside the call. */
  readonly scope: Scope;
  readonly getToken: ((context: ConnectContext) => string | Promise<string>) | undefined;
  onEvent(event: SessionEvent): void;
}

/** How long a browser may take to say whether another tab holds the session. */
const LOCK_TIMEOUT_MS = 2_000;

/** Runs the session on the page's own thread. */
export function mainHost(options: HostOptions): SessionHost {
  const session = new Session(options.session);
  const driver = new SessionDriver({ ...options, session });
  watchPage(options.scope, {
    onReturn: () => driver.dispatch({ type: "probe" }),
    onLeave: () => driver.dispatch({ type: "suspend" }),
  });
  const fail = (error: AudioStreamError) => {
    driver.dispatch({ type: "abort" });
    options.onEvent({ type: "failed", error });
  };
  const overtaken = deferred<"late">();
  const overtakeLockAfter = (ms: number) =>
    options.scope.timeout(ms, () => overtaken.resolve("late"), "session lock timeout");
  /** Asks the browser whether the session is free, but not for ever: the server asks the same of everybody. */
  const lock = async (): Promise<boolean> => {
    const { scope } = options;
    const { sessionId, takeover } = options.session;
    const onStolen = () => fail(sessionSuperseded());
    const timer = overtakeLockAfter(LOCK_TIMEOUT_MS);
    const free = await Promise.race([lockSession({ sessionId, takeover, scope, onStolen }), overtaken.promise]);
    timer.dispose();
    if (free === "late" && !scope.disposed) options.onEvent({ type: "warning", error: sessionLockTimeout() });
    return free !== false;
  };
  let begun = false;
  const start = async () => {
    if (begun) return;
    begun = true;
    if (!options.exclusive || (await lock())) driver.dispatch({ type: "start" });
    else fail(sessionInUse());
  };
  return {
    start: () => void start(),
    send: (frame) => driver.dispatch({ type: "frame", frame }),
    discard: (range) => driver.dispatch({ type: "discard", range }),
    end: (timeoutMs) => {
      driver.dispatch({ type: "end", timeoutMs });
      if (session.done) return;
      overtakeLockAfter(timeoutMs / 4);
      void start();
    },
    stats: () => session.stats,
  };
}

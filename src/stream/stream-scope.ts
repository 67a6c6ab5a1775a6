import { systemClock } from "../internal/clock.js";
import { Scope } from "../internal/scope.js";
import { guardedLogger, type Logger } from "./logger.js";

/** Tells the streams of a page apart in what is logged; their session ids are secrets. */
let streams = 0;

/** The owner of everything a stream acquires, and what to do when nothing refers to the running stream any more. */
export interface StreamScope {
  readonly scope: Scope;
  /** The application's, as long as it is there, in such a way that nothing but a line is lost when it throws. */
  readonly logger: Logger;
  releaseForgotten(): void;
}

/** Neither part keeps the logger alive, since that may refer to the stream. */
export function streamScope(given: Logger | undefined): StreamScope {
  streams += 1;
  const name = `stream ${streams}`;
  const found = given && new WeakRef(given);
  const logger = guardedLogger(() => found?.deref());
  const scope = new Scope({
    name,
    clock: systemClock,
    onReport: ({ failures }) => logger.warn("Some resources did not end well.", { failures }),
    onChange: given && (({ type, owner, resource }) => logger.debug(`${owner}: ${type} ${resource}.`)),
  });
  return {
    scope,
    logger,
    releaseForgotten() {
      guardedLogger(() => found?.deref() ?? console).warn(FORGOTTEN, { stream: name });
      void scope.dispose(new DOMException("The stream was forgotten.", "AbortError"));
    },
  };
}

const FORGOTTEN =
  "A stream was forgotten while it ran: nothing refers to it any more, so that nobody could have ended it. Its " +
  "microphone and its connection are released now. Keep the stream, or a signal given to it, and close it when done.";

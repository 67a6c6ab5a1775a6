import { systemClock } from "./internal/clock.js";
import { Scope } from "./internal/scope.js";
import type { Logger } from "./logger.js";

/** Tells the streams of a page apart in what is logged; their session ids are secrets. */
let streams = 0;

/** The owner of everything a stream acquires. */
export function streamScope(logger: Logger | undefined): Scope {
  streams += 1;
  return new Scope({
    name: `stream ${streams}`,
    clock: systemClock,
    onReport: ({ failures }) => logger?.warn("Some resources did not end well.", { failures }),
    onChange: logger && (({ type, owner, resource }) => logger.debug(`${owner} ${type} ${resource}.`)),
  });
}

/** What to do when nothing refers to a running stream any more. Refers to the stream itself neither directly nor indirectly. */
export const releaseForgotten = (scope: Scope, logger: Logger | undefined) => (): void => {
  (logger ?? console).warn(
    "A stream was forgotten while it ran: nothing refers to it any more, so that nobody could have ended it. Its " +
      "microphone and its connection are released now. Keep the stream, or a signal given to it, and close it when done.",
    { stream: scope.name },
  );
  void scope.dispose(new DOMException("The stream was forgotten.", "AbortError"));
};

import { askForUrl } from "../host/open-host.js";
import type { AudioStreamOptions } from "./options/options.js";
import type { AudioStreamParts } from "./options/stream-parts.js";
import type { RunObserver } from "./run-observer.js";

/** What a running stream calls of that which the application gave. */
export function applicationCalls(
  { source, transport }: AudioStreamParts,
  options: AudioStreamOptions,
): Pick<RunObserver, "openSource" | "releaseSource" | "connect" | "getUrl" | "getToken"> {
  return {
    openSource: (opening) => source.open(opening),
    releaseSource: (reason) => source.release?.(reason),
    connect: (connecting) => transport.connect(connecting),
    getUrl: (context) => askForUrl(transport, context),
    // Asked only if there is one. The driver checks what it returns, which is not always what its type says.
    getToken: (context) => options.getToken?.(context) as string | Promise<string>,
  };
}

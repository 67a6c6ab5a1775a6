import { checkFunction, checkObject, checkStream, optional } from "../internal/arguments.js";
import { onPage } from "../internal/on-page.js";
import { Scope } from "../internal/scope.js";
import type { AudioStream } from "../stream/audio-stream.js";
import type { KeepAwakeOptions } from "./keep-awake-options.js";
import { ScreenLock } from "./screen-lock.js";

/** In these the person may want to look at the page without touching it. */
const AWAKE: ReadonlySet<string> = new Set(["starting", "streaming", "interrupted", "reconnecting", "closing"]);

/**
 * Keeps the screen from being dimmed and locked while the stream captures, or tries to, which on phones ends the capture. Lets go of
 * it in a pause and at the end, and asks for it again when the page comes back: browsers take it from pages that cannot be seen.
 * @returns what ends it, the screen being let go of inside the call.
 * @throws TypeError if this is no stream, or for an option that cannot be.
 */
export function keepAwake(
  stream: Pick<AudioStream<never>, "addEventListener" | "removeEventListener" | "signal" | "state">,
  options: KeepAwakeOptions = {},
): () => void {
  checkStream(stream);
  // A MediaStream, an element and others can be listened to as well, and would never be heard of.
  if (typeof stream.state !== "string") throw new TypeError("stream must be an AudioStream, and has no state.");
  checkObject("options", options);
  const { onChange } = options;
  optional(checkFunction)("onChange", onChange);
  const scope = new Scope({ name: "screen" });
  const lock = new ScreenLock(scope, onChange);
  // The page refers to the lock alone, so that a forgotten stream is not kept alive.
  onPage(scope, (page) => page.listen(document, "visibilitychange", () => lock.look()));
  // Its own methods take only listeners that know its messages.
  scope.listen(stream as unknown as EventTarget, "statechange", () => lock.want(AWAKE.has(stream.state)));
  scope.follow(stream.signal, () => {
    lock.want(false);
    void scope.dispose();
  });
  lock.want(AWAKE.has(stream.state));
  return () => void scope.dispose();
}

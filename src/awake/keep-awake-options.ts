/**
 * Whether the screen stays on. `"held"`: it does. `"idle"`: the stream is not to capture anything. `"hidden"`: the page is not to be
 * seen, and the screen is asked for when it is. `"refused"`: the browser or the system does not give it, such as on a low battery;
 * it is asked for again when the page comes back. `"unsupported"`: this browser cannot, or the page is not in a secure context.
 */
export type AwakeState = "held" | "idle" | "hidden" | "refused" | "unsupported";

/** Options of `keepAwake()`. */
export interface KeepAwakeOptions {
  /** Called after each change. What it throws is reported as the browser reports it, and changes nothing. By default nobody is. */
  readonly onChange?: ((state: AwakeState) => void) | undefined;
}

import { AudioStreamError, type AudioStreamErrorCode, isAudioStreamError } from "../../errors.js";
import { textOf } from "../../internal/text-of.js";

/**
 * An error on its way between page and worker. Browsers clone an error of a class of one's own as a plain `Error`, without its
 * code and its details.
 */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code: AudioStreamErrorCode | undefined;
  readonly details: unknown;
  readonly cause: WireError | undefined;
  /** Names what the application threw, which stays on the page. */
  readonly thrown: number | undefined;
}

/** Stands in a worker for what the application threw on the page. */
interface Stand {
  readonly thrown?: number | undefined;
}

export function toWire(error: unknown): WireError {
  const { name, message, cause, thrown } = (error instanceof Error ? error : {}) as Partial<Error & Stand>;
  const own = isAudioStreamError(error) ? error : undefined;
  return {
    name: name ?? "Error",
    message: message ?? textOf(error),
    code: own?.code,
    details: own?.details,
    cause: cause === undefined ? undefined : toWire(cause),
    thrown,
  };
}

/** @param known returns what the application threw, if the error stands for that. */
export function fromWire(wire: WireError, known: (thrown: number) => unknown = () => undefined): unknown {
  const { name, message, code, details, thrown } = wire;
  const original = thrown === undefined ? undefined : known(thrown);
  if (original !== undefined) return original;
  const cause = wire.cause === undefined ? undefined : fromWire(wire.cause, known);
  if (code !== undefined) {
    // Both ends are of one version, so that the details are those of the code.
    return new AudioStreamError(code, message, { details, cause } as ConstructorParameters<typeof AudioStreamError>[2]);
  }
  if (name === "AbortError") return new DOMException(message, name);
  // Not by assignment, which a frozen `Error.prototype` forbids for the name.
  return Object.defineProperties(new Error(message, { cause }), { name: ownValue(name), thrown: ownValue(thrown) });
}

const ownValue = (value: unknown): PropertyDescriptor => ({ value, writable: true, configurable: true });

/** What crosses, with its error, if it has one, as it can cross. */
export type Wired<T> = T extends { readonly error: unknown } ? Omit<T, "error"> & { readonly error: WireError } : T;

export function wired<T extends object>(message: T): Wired<T> {
  // The type says for each member of the union what happens to it.
  return ("error" in message ? { ...message, error: toWire(message.error) } : message) as Wired<T>;
}

export function unwired<T extends object>(message: Wired<T>, known?: (thrown: number) => unknown): T {
  // As in `wired`.
  return ("error" in message ? { ...message, error: fromWire(message.error as WireError, known) } : message) as T;
}

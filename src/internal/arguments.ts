/** Returns a value that is what it must be. @throws TypeError or RangeError in the words of its name. */
export type Check<T> = (name: string, value: unknown) => T;

type Values = Readonly<Record<string, unknown>>;
type Checked<Checks> = { [K in keyof Checks]: Checks[K] extends Check<infer T> ? T : never };

/**
 * Checks options by name, and returns them.
 * @param prefix what is before each name in a message.
 * @param defaults of those that are not given, or given as `undefined`.
 */
export function checkEach<Checks extends Readonly<Record<string, Check<unknown>>>>(
  prefix: string,
  options: object,
  defaults: object,
  checks: Checks,
): Checked<Checks> {
  const [given, byDefault] = [options as Values, defaults as Values];
  const checked = Object.entries(checks).map(([name, check]) => {
    const value = given[name] === undefined ? byDefault[name] : given[name];
    return [name, check(`${prefix}${name}`, value)];
  });
  return Object.fromEntries(checked) as Checked<Checks>;
}

/** What may also be left out. */
export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (name, value) =>
    value === undefined ? undefined : check(name, value);

export const numberFrom =
  (min: number, max: number): Check<number> =>
  (name, value) => {
    if (typeof value !== "number" || Number.isNaN(value)) {
      throw new TypeError(`${name} must be a number, and is ${String(value)}.`);
    }
    if (value < min || value > max) throw new RangeError(`${name} must be from ${min} to ${max}, and is ${value}.`);
    return value;
  };

export const wholeNumberFrom =
  (min: number, max: number): Check<number> =>
  (name, value) => {
    const number = numberFrom(min, max)(name, value);
    if (!Number.isInteger(number)) throw new RangeError(`${name} must be a whole number, and is ${number}.`);
    return number;
  };

/** @param alternatives what it may be otherwise. */
export const oneOf =
  <const T extends string | boolean>(allowed: readonly T[], alternatives = ""): Check<T> =>
  (name, value) => {
    if (!allowed.includes(value as T)) {
      throw new TypeError(`${name} must be one of ${allowed.join(", ")}${alternatives}, and is "${String(value)}".`);
    }
    return value as T;
  };

/** Channels on the wire, and of a device. */
export function checkChannelCount(name: string, value: unknown): 1 | 2 {
  if (value !== 1 && value !== 2) throw new RangeError(`${name} must be 1 or 2, and is ${String(value)}.`);
  return value;
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError(`${name} must be true or false, and is ${String(value)}.`);
  return value;
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw new TypeError(`${name} must be a function, and is ${typeof value}.`);
}

/** @throws TypeError for what cannot be listened to. */
export function checkStream(stream: unknown): void {
  if (typeof (stream as Partial<EventTarget> | undefined)?.addEventListener === "function") return;
  throw new TypeError(`stream must be an AudioStream, and is ${String(stream)}.`);
}

/** @param alternatives what it may be otherwise. */
export function checkObject(name: string, value: unknown, alternatives = ""): asserts value is object {
  if (!isObject(value)) throw new TypeError(`${name} must be an object${alternatives}, and is ${String(value)}.`);
}

export function checkSignal(name: string, value: unknown): void {
  checkObject(name, value, " of the kind AbortSignal");
  const { aborted, addEventListener } = value as Partial<AbortSignal>;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function") {
    throw new TypeError(`${name} must be an AbortSignal, such as the signal of an AbortController.`);
  }
}

/** A device's id, or a constraint for it. */
export function checkDeviceId(name: string, value: unknown): void {
  if (typeof value !== "string" && !isObject(value)) {
    throw new TypeError(`${name} must be a string or a constraint, and is ${String(value)}.`);
  }
}

/** The address of a file. */
export function checkUrl(name: string, value: unknown): void {
  if (!(value instanceof URL) && (typeof value !== "string" || value === "")) {
    throw new TypeError(`${name} must be a URL or a string that is not empty.`);
  }
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/**
 * A check turns an unknown value into a typed one or throws {@link ShapeError}. Objects come back with their known
 * fields only, so what a peer adds is ignored and what it forgets is named. The functions that make checks are annotated,
 * so that a bundler leaves out the checks that are not used.
 */
export type Check<T> = (value: unknown, path: string) => T;

export type Checked<C> = C extends Check<infer T> ? T : never;

/** Says which field of an inbound message is wrong and what it should have been. */
export class ShapeError extends Error {
  /** By which it is known. */
  override readonly name = "ShapeError";
}

const fail = (path: string, expected: string): never => {
  throw new ShapeError(`${path} must be ${expected}.`);
};

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A string of at most `maxLength` UTF-16 units. */
/* @__NO_SIDE_EFFECTS__ */ export const text =
  (maxLength: number): Check<string> =>
  (value, path) =>
    typeof value === "string" && value.length <= maxLength
      ? value
      : fail(path, `a string of at most ${maxLength} characters`);

/** A whole number from `min` to `max`, 2^53 − 1 unless told. */
/* @__NO_SIDE_EFFECTS__ */ export const whole =
  (min = 0, max = Number.MAX_SAFE_INTEGER): Check<number> =>
  (value, path) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : fail(path, `a whole number from ${min} to ${max}`);

/** A finite number from `min` to `max`, the largest there is unless told. */
/* @__NO_SIDE_EFFECTS__ */ export const real =
  (min: number, max = Number.MAX_VALUE): Check<number> =>
  (value, path) =>
    typeof value === "number" && value >= min && value <= max ? value : fail(path, `a number from ${min} to ${max}`);

export const flag: Check<boolean> = (value, path) => (typeof value === "boolean" ? value : fail(path, "true or false"));

/* @__NO_SIDE_EFFECTS__ */ export const oneOf =
  <const T extends string>(...allowed: readonly T[]): Check<T> =>
  (value, path) =>
    allowed.includes(value as T) ? (value as T) : fail(path, `one of ${allowed.join(", ")}`);

/** Absent and `null` are the same. */
/* @__NO_SIDE_EFFECTS__ */ export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, path) =>
    value === undefined || value === null ? undefined : check(value, path);

/* @__NO_SIDE_EFFECTS__ */ export const list =
  <T>(check: Check<T>, maxItems: number): Check<readonly T[]> =>
  (value, path) =>
    Array.isArray(value) && value.length <= maxItems
      ? value.map((item, index) => check(item, `${path}[${index}]`))
      : fail(path, `a list of at most ${maxItems} items`);

export const anything: Check<unknown> = (value) => value;

type Fields = Readonly<Record<string, Check<unknown>>>;
type OptionalKeys<F extends Fields> = { [K in keyof F]: undefined extends Checked<F[K]> ? K : never }[keyof F];
export type Shape<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Checked<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: Checked<F[K]> | undefined };

/* @__NO_SIDE_EFFECTS__ */ export const record = <const F extends Fields>(fields: F): Check<Shape<F>> => {
  // Taken apart at the first use: a call while the module loads would keep every record in the bundle of a page that
  // uses none.
  let entries: [string, Check<unknown>][] | undefined;
  return (value, path) => {
    if (!isObject(value)) return fail(path, "an object");
    entries ??= Object.entries(fields);
    const known: Record<string, unknown> = {};
    for (const [name, check] of entries) {
      const checked = check(value[name], `${path}.${name}`);
      if (checked !== undefined) known[name] = checked;
    }
    return known as Shape<F>;
  };
};

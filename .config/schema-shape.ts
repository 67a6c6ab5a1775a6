/**
 * Takes the place of `src/protocol/shape.ts` when the schema is made: what makes a check there makes a JSON schema here.
 */
export type Schema = { readonly [keyword: string]: unknown } | true;

/** A field that may be absent, which in this protocol is the same as `null`. */
class OptionalField {
  readonly schema: Schema;

  constructor(schema: Schema) {
    this.schema = schema;
  }
}

type Field = Schema | OptionalField;

export const text = (maxLength: number): Schema => ({ type: "string", maxLength });

export const whole = (minimum = 0, maximum = Number.MAX_SAFE_INTEGER): Schema => ({
  type: "integer",
  minimum,
  maximum,
});

export const real = (minimum: number, maximum?: number): Schema => ({
  type: "number",
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
});

export const flag: Schema = { type: "boolean" };

export const oneOf = (...allowed: readonly string[]): Schema => ({ enum: allowed });

export const optional = (schema: Schema): OptionalField => new OptionalField(schema);

export const list = (items: Schema, maxItems: number): Schema => ({ type: "array", items, maxItems });

export const anything: Schema = true;

export const record = (fields: Readonly<Record<string, Field>>): Schema => {
  const required = Object.keys(fields).filter((name) => !(fields[name] instanceof OptionalField));
  return {
    type: "object",
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        field instanceof OptionalField ? { anyOf: [field.schema, { type: "null" }] } : field,
      ]),
    ),
    ...(required.length === 0 ? {} : { required }),
  };
};

/** Used by what parses messages, which no schema is made of. */
export const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

/** The same. */
export class ShapeError extends Error {}

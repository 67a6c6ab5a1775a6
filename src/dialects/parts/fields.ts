/** Reads of messages that a service may have made any way: what is not as expected is `undefined`. */

/** A JSON object. */
export type Fields = { readonly [name: string]: unknown };

/** @throws SyntaxError or TypeError for what is no JSON object. */
export function parseFields(message: unknown): Fields {
  if (typeof message !== "string") throw new TypeError("A text message was expected, and a binary one came");
  const value: unknown = JSON.parse(message);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError("A JSON object was expected");
  return value as Fields;
}

export const textIn = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
};

export const numberIn = (fields: Fields, name: string): number | undefined => {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
};

export const fieldsIn = (fields: Fields, name: string): Fields => {
  const value = fields[name];
  return typeof value === "object" && value !== null ? (value as Fields) : {};
};

/** The objects in a list; none if there is no list. */
export const listIn = (fields: Fields, name: string): Fields[] => {
  const value = fields[name];
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is Fields => typeof item === "object" && item !== null);
};

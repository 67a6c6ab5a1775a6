/** As `JSON.stringify`, whatever `toJSON` other scripts have given to every list, as Prototype.js did. */
export const toJson = (value: unknown): string => JSON.stringify(value, "toJSON" in [] ? keepLists : undefined);

function keepLists(this: Record<string, unknown>, key: string, given: unknown): unknown {
  const own = this[key];
  return Array.isArray(own) ? own : given;
}

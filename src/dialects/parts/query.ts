/** Values of an address's query by name; a list is repeated, and `undefined` is left out. */
export type QueryValues = Readonly<
  Record<string, string | number | boolean | readonly (string | number | boolean)[] | undefined>
>;

/** The address with these values in its query. @throws TypeError if it is no absolute URL. */
export function withQuery(address: string | URL, values: QueryValues): URL {
  const url = new URL(address);
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    url.searchParams.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url;
}

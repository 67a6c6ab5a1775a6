/** Calls for each item in turn. One that fails does not cost the others their turn. @throws the first failure, at the end. */
export function inTurn<T>(items: Iterable<T>, call: (item: T) => void): void {
  let first: { readonly cause: unknown } | undefined;
  for (const item of items) {
    try {
      call(item);
    } catch (cause) {
      first ??= { cause };
    }
  }
  if (first !== undefined) throw first.cause;
}

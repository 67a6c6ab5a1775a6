/** Calls code of the application inside this call. What it throws, and what it returns, becomes a promise's. */
export function attempt<T>(call: () => T | PromiseLike<T>): Promise<T> {
  return new Promise((resolve) => resolve(call()));
}

/**
 * `Symbol.asyncDispose`, or the symbol that transpilers agree on where the browser has none (WebKit), so that
 * `await using` finds the method either way.
 */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

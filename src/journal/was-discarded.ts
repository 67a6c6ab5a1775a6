/**
 * Whether the browser had discarded this page to save memory, and loads it anew because the person is back. What its stream had not sent
 * is then among what `recoverStreams()` finds. Chromium says so; where a browser does not, this is `false`.
 */
export function wasDiscarded(): boolean {
  const { document } = globalThis as { document?: { readonly wasDiscarded?: unknown } };
  return document?.wasDiscarded === true;
}

/** What something that was thrown says about itself. Anything can be thrown, also what throws again when it is read. */
export function textOf(cause: unknown): string {
  try {
    return String(cause instanceof Error ? cause.message : cause);
  } catch {
    return "it cannot be put into words";
  }
}

/** The same as a sentence that another one may follow. */
export function sentenceOf(cause: unknown): string {
  const text = textOf(cause).trim();
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

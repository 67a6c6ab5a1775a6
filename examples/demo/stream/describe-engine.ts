/** What recognises the speech, from a `status` message; `undefined` if the message is about something else. */
export function describeEngine(data: unknown): string | undefined {
  const { engine, words, detail } = (typeof data === "object" && data !== null ? data : {}) as Readonly<
    Record<string, unknown>
  >;
  if (typeof engine !== "string" || typeof words !== "boolean") return undefined;
  const more = typeof detail === "string" ? detail : "";
  if (words) return `Recognised by ${engine}. ${more}`.trim();
  return more === "" ? `The ${engine} engine marks when somebody speaks; it does not write words.` : more;
}

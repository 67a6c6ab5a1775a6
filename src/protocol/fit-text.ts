/**
 * The beginning of a text that is at most so many UTF-16 units long, without half of a character at its end: what is too long for
 * a caption is cut, since whoever gets a longer one refuses it.
 */
export const fitText = (text: string, maxLength: number): string =>
  text.length <= maxLength ? text : text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, "");

/** Shown in place of what was cut out. */
const CUT = "[redacted]";

/** A JSON Web Token, and whatever follows the word with which a token is presented. */
const PATTERNS: readonly RegExp[] = [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, /(?<=\bBearer )[^\s"\\]+/gi];

/** Secrets that are shorter are words, which would be cut out of every line. */
const SHORTEST_SECRET = 6;

/**
 * Cuts secrets out of lines that are about to be written, wherever in an error's message or in an address they may be. It
 * is the net below those who log: they should not have put them there.
 * @param secrets as they are set; `undefined` for one that is not.
 */
export function redaction(secrets: readonly (string | undefined)[]): (line: string) => string {
  const known = secrets
    .filter((secret) => secret !== undefined && secret.length >= SHORTEST_SECRET)
    .flatMap((secret = "") => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  return (line) => {
    let cut = line;
    for (const secret of new Set(known)) cut = cut.replaceAll(secret, CUT);
    for (const pattern of PATTERNS) cut = cut.replace(pattern, CUT);
    return cut;
  };
}

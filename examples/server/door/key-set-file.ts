import { createPublicKey, type JsonWebKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { JSONWebKeySet } from "jose";
import { codeOf } from "../error-code.js";
import { StartError } from "../start/start-error.js";

/** RSA keys below this are refused when a signature is checked (RFC 7518, section 3.3). */
const MIN_RSA_BITS = 2_048;

/**
 * Reads the public keys of whoever signs tokens. Each is tried, because a key that is of no use would otherwise show only
 * when the first client is refused.
 * @throws StartError
 */
export async function readKeySet(path: string): Promise<JSONWebKeySet> {
  const complain = (what: string, cause?: unknown): StartError =>
    new StartError(
      `LX_JWT_KEYS is ${JSON.stringify(path)}, and must be a file with a JSON Web Key Set of public keys, {"keys": […]}: ${what}.`,
      { cause },
    );
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw complain(`it cannot be read (${codeOf(error)})`, error);
  });
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    // What the parser says would quote the file.
    throw complain("it is not JSON");
  }
  const keys = typeof set === "object" && set !== null && "keys" in set ? set.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0) throw complain("it has no keys");
  for (const [index, key] of keys.entries()) {
    const wrong = whatIsWrongWith(key);
    if (wrong !== undefined) throw complain(`key ${index + 1} ${wrong}`);
  }
  return { keys };
}

function whatIsWrongWith(key: unknown): string | undefined {
  if (typeof key !== "object" || key === null) return "is no object";
  if ("d" in key) return "is a private key, which only the signer may have";
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key: key as JsonWebKey, format: "jwk" });
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    return asymmetricKeyType === "rsa" && bits < MIN_RSA_BITS ? `has fewer than ${MIN_RSA_BITS} bits` : undefined;
  } catch {
    return "is not a public key of the type RSA, EC or OKP";
  }
}

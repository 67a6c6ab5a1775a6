import { equalText } from "../equal-text.js";
import type { ServerConfig } from "../start/config.js";
import { type Authenticator, GRANTED, refusedBecause } from "./authenticator.js";
import { JsonWebTokens } from "./json-web-tokens.js";
import { readKeySet } from "./key-set-file.js";

type AuthConfig = Pick<ServerConfig, "auth" | "token" | "jwtSecret" | "jwtKeys" | "jwtIssuer" | "jwtAudience">;

/** @throws StartError if the file of keys is of no use. */
export async function selectAuthenticator(config: AuthConfig): Promise<Authenticator> {
  const { auth, token, jwtSecret, jwtKeys, jwtIssuer, jwtAudience } = config;
  const hasKeys = jwtSecret !== undefined || jwtKeys !== undefined;
  if (auth === "jwt" || (auth === "auto" && hasKeys)) {
    const keys = jwtKeys === undefined ? undefined : await readKeySet(jwtKeys);
    return new JsonWebTokens({ secret: jwtSecret, keys, issuer: jwtIssuer, audience: jwtAudience });
  }
  if (auth === "none" || token === undefined) return { name: "none", check: async () => GRANTED };
  return {
    name: "static",
    async check(presented) {
      if (presented !== undefined && equalText(presented, token)) return GRANTED;
      return refusedBecause("The token is missing or wrong.");
    },
  };
}

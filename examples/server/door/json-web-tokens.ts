import { createHash } from "node:crypto";
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { type Admission, type Authenticator, refusedBecause } from "./authenticator.js";

/** Clocks of two machines differ by so much without anybody noticing. */
const CLOCK_TOLERANCE_SEC = 5;
const SIGNED_WITH_KEYS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

export interface JsonWebTokensOptions {
  /** The secret that signs tokens with HS256. */
  readonly secret: string | undefined;
  /** Public keys of tokens signed otherwise. */
  readonly keys: JSONWebKeySet | undefined;
  /** What `iss` must be. @defaultValue anything */
  readonly issuer?: string | undefined;
  /** What `aud` must be or contain. @defaultValue anything */
  readonly audience?: string | undefined;
}

/**
 * Lets in who presents a JSON Web Token with a good signature, between its `nbf` and its `exp`. The secret counts for HS256
 * alone and the keys for everything else, so that nobody can sign with a public key as if it were a secret.
 */
export class JsonWebTokens implements Authenticator {
  readonly name = "jwt";
  readonly #secret: Uint8Array | undefined;
  readonly #keys: JWTVerifyGetKey | undefined;
  readonly #options: JWTVerifyOptions;

  constructor({ secret, keys, issuer, audience }: JsonWebTokensOptions) {
    this.#secret = secret === undefined ? undefined : new TextEncoder().encode(secret);
    this.#keys = keys === undefined ? undefined : createLocalJWKSet(keys);
    this.#options = {
      algorithms: [...(secret === undefined ? [] : ["HS256"]), ...(keys === undefined ? [] : SIGNED_WITH_KEYS)],
      clockTolerance: CLOCK_TOLERANCE_SEC,
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
  }

  async check(token: string | undefined): Promise<Admission> {
    if (token === undefined) return refusedBecause("The token is missing; this server asks for a JSON Web Token.");
    try {
      const { sub }: { readonly sub?: unknown } = await this.#verify(token);
      // Who shares a token that names nobody shares its places as well.
      const subject = typeof sub === "string" ? sub : createHash("sha256").update(token).digest("hex");
      return { granted: true, subject };
    } catch (error) {
      if (error instanceof errors.JOSEError) return refusedBecause(whyRefused(error));
      throw error;
    }
  }

  async #verify(token: string): Promise<JWTPayload> {
    const keyOf: JWTVerifyGetKey = (header, input) => {
      const key = header.alg === "HS256" ? this.#secret : this.#keys?.(header, input);
      if (key === undefined) throw new errors.JOSEAlgNotAllowed();
      return key;
    };
    try {
      return (await jwtVerify(token, keyOf, this.#options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await this.#verifyWithAnyOf(error, token);
    }
  }

  /** A token that does not name its key may be signed with any of those that fit. */
  async #verifyWithAnyOf(keys: errors.JWKSMultipleMatchingKeys, token: string): Promise<JWTPayload> {
    for await (const key of keys) {
      try {
        return (await jwtVerify(token, key, this.#options)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Nothing of the token is repeated. */
function whyRefused(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "The token has expired.";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf") return "The token is not valid yet.";
    if (error.claim === "iss") return "The token is not from the issuer that this server trusts.";
    if (error.claim === "aud") return "The token is not meant for this server.";
    return "The token has a claim that cannot be read.";
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return "The token is signed with an algorithm that does not count here.";
  if (error instanceof errors.JWKSNoMatchingKey)
    return "The token is signed with a key that this server does not know.";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "The token's signature is wrong.";
  return "The token is no JSON Web Token that this server can check.";
}

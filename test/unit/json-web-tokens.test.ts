import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, type JWTPayload, SignJWT } from "jose";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { readKeySet } from "../../examples/server/door/key-set-file.js";
import { selectAuthenticator } from "../../examples/server/door/select-authenticator.js";
import { StartError } from "../../examples/server/start/start-error.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SECRET = "a secret of more than thirty-two bytes";
const NOW = Math.floor(Date.now() / 1_000);
const CONFIG = {
  auth: "auto",
  token: undefined,
  jwtSecret: SECRET,
  jwtKeys: undefined,
  jwtIssuer: undefined,
  jwtAudience: undefined,
} as const;

const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const [first, second, stranger] = [ec(), ec(), ec()];

const sign = (claims: JWTPayload, secret = SECRET): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
const signWith = (key: KeyObject, kid?: string): Promise<string> =>
  new SignJWT({}).setProtectedHeader({ alg: "ES256", ...(kid === undefined ? {} : { kid }) }).sign(key);

/** A file with these keys. */
async function keySet(...keys: object[]): Promise<string> {
  const path = join(await temporaryFolder(), "keys.json");
  await writeFile(path, JSON.stringify({ keys }));
  return path;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64url");
/** A token with such a header, and a signature that is none. */
const hostile = (header: object): string => `${base64(JSON.stringify(header))}.${base64("{}")}.AAAA`;

const unsigned = (): string => {
  const [header, claims] = [{ alg: "none" }, { sub: "mallory" }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  return `${header}.${claims}.`;
};

describe("a JSON Web Token", () => {
  it.each<[string, JWTPayload]>([
    ["without limits", {}],
    ["between its limits", { nbf: NOW - 60, exp: NOW + 60 }],
    ["whose limits clocks may disagree about by a second", { nbf: NOW + 1, exp: NOW - 1 }],
  ])("that is signed with the secret and %s is good", async (_, claims) => {
    const authenticator = await selectAuthenticator(CONFIG);
    expect(await authenticator.check(await sign(claims))).toMatchObject({ granted: true });
  });

  it("has the places of its subject, and one that names nobody has its own", async () => {
    const authenticator = await selectAuthenticator(CONFIG);
    const subjectOf = async (claims: JWTPayload) => {
      const admission = await authenticator.check(await sign(claims));
      return admission.granted ? admission.subject : undefined;
    };
    expect(await subjectOf({ sub: "ada", jti: "1" })).toBe("ada");
    expect(await subjectOf({ sub: "ada", jti: "2" })).toBe("ada");
    expect(await subjectOf({ jti: "1" })).toMatch(/^[0-9a-f]{64}$/);
    expect(await subjectOf({ jti: "1" })).not.toBe(await subjectOf({ jti: "2" }));
  });

  it.each<[string, () => Promise<string> | string | undefined, string]>([
    ["has expired", () => sign({ exp: NOW - 60 }), "The token has expired."],
    ["is not valid yet", () => sign({ nbf: NOW + 60 }), "The token is not valid yet."],
    ["another secret signed", () => sign({}, "another secret of more than thirty-two bytes"), "signature is wrong"],
    ["nobody signed", unsigned, "algorithm that does not count"],
    ["a key signed where there are none", () => signWith(first.privateKey), "algorithm that does not count"],
    ["has a limit that is no number", () => sign({ exp: "soon" as never }), "claim that cannot be read"],
    ["is none", () => "not.a.token", "is no JSON Web Token"],
    ["is missing", () => undefined, "The token is missing"],
  ])("that %s is refused with a sentence that does not repeat it", async (_, make, sentence) => {
    const token = await make();
    const admission = await (await selectAuthenticator(CONFIG)).check(token);
    expect(admission).toMatchObject({ granted: false, detail: expect.stringContaining(sentence) });
    if (token !== undefined) expect(JSON.stringify(admission)).not.toContain(token);
  });

  // 131,072 bytes is the largest message that a server takes, unless it is told otherwise.
  it.each<[string, () => string]>([
    ["is as large as a message may be", () => "a".repeat(130_000)],
    ["is nothing but dots", () => ".".repeat(130_000)],
    ["has a large header", () => hostile({ alg: "ES256", kid: "x".repeat(90_000) })],
    ["has a large signature", () => `${hostile({ alg: "ES256" })}${"A".repeat(90_000)}`],
    ["has a header of a hundred thousand brackets", () => `${base64("[".repeat(90_000))}.e30.AA`],
    ["names its key by an object", () => hostile({ alg: "ES256", kid: { toString: "x" } })],
    [
      "brings its own key",
      () => hostile({ alg: "ES256", jwk: { kty: "EC" }, jku: "http://127.0.0.1:1/", x5u: "file:///" }),
    ],
    ["has extensions that are critical", () => hostile({ alg: "ES256", crit: ["b64"], b64: false })],
    ["has an algorithm that is no text", () => hostile({ alg: ["HS256"] })],
    ["has an algorithm named like a property", () => hostile({ alg: "__proto__" })],
    ["has a header that is null", () => `${base64("null")}.e30.AA`],
    ["has control characters", () => "\u0000.\u0001.\u0002"],
    ["is an encrypted one", () => "e30.e30.e30.e30.e30"],
  ])("that %s is refused at once, with a short sentence", async (_, make) => {
    const keys = await keySet(
      { ...(await exportJWK(first.publicKey)), kid: "a" },
      { ...(await exportJWK(second.publicKey)), kid: "b" },
    );
    const authenticator = await selectAuthenticator({ ...CONFIG, jwtKeys: keys });
    const token = make();
    const beganAt = process.cpuUsage().user;
    for (let count = 0; count < 20; count += 1) {
      const admission = await authenticator.check(token);
      expect(admission).toMatchObject({ granted: false, detail: expect.stringMatching(/^The token.{1,80}\.$/) });
    }
    expect((process.cpuUsage().user - beganAt) / 20).toBeLessThan(25_000);
  });

  it("with a key that nobody knows is refused by what the file says: nothing is fetched, however often it comes", async () => {
    const fetched = vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("nothing is fetched"));
    onTestFinished(() => fetched.mockRestore());
    const path = await keySet({ ...(await exportJWK(first.publicKey)), kid: "a" });
    const authenticator = await selectAuthenticator({ ...CONFIG, jwtSecret: undefined, jwtKeys: path });
    for (let count = 0; count < 100; count += 1) {
      const admission = await authenticator.check(await signWith(stranger.privateKey, `unknown-${count}`));
      expect(admission).toMatchObject({ granted: false, detail: expect.stringContaining("does not know") });
    }
    expect(fetched).not.toHaveBeenCalled();
  });

  it("whose subject is no text has places of its own", async () => {
    const authenticator = await selectAuthenticator(CONFIG);
    for (const sub of [7, {}, ["ada"], null]) {
      const admission = await authenticator.check(await sign({ sub: sub as never }));
      expect(admission).toMatchObject({ granted: true, subject: expect.stringMatching(/^[0-9a-f]{64}$/) });
    }
  });

  it("must be from the issuer, and for the audience, that are set", async () => {
    const authenticator = await selectAuthenticator({ ...CONFIG, jwtIssuer: "us", jwtAudience: "captions" });
    const admissions = [
      { iss: "us", aud: ["mail", "captions"] },
      { iss: "them", aud: "captions" },
      { iss: "us", aud: "mail" },
      { iss: "us" },
    ].map(async (claims) => authenticator.check(await sign(claims)));
    const aud = { granted: false, detail: "The token is not meant for this server." };
    const iss = { granted: false, detail: "The token is not from the issuer that this server trusts." };
    expect(await Promise.all(admissions)).toMatchObject([{ granted: true }, iss, aud, aud]);
  });

  it("may be signed with any key of the file, whether it names the key or not", async () => {
    const path = await keySet(
      { ...(await exportJWK(first.publicKey)), kid: "a" },
      { ...(await exportJWK(second.publicKey)), kid: "b" },
    );
    const authenticator = await selectAuthenticator({ ...CONFIG, jwtSecret: undefined, jwtKeys: path });
    const check = async (token: Promise<string>) => authenticator.check(await token);
    expect(await check(signWith(second.privateKey, "b"))).toMatchObject({ granted: true });
    expect(await check(signWith(second.privateKey))).toMatchObject({ granted: true });
    expect(await check(signWith(second.privateKey, "a"))).toMatchObject({ granted: false });
    expect(await check(signWith(stranger.privateKey))).toMatchObject({ granted: false });
    expect(await check(signWith(stranger.privateKey, "c"))).toMatchObject({
      detail: "The token is signed with a key that this server does not know.",
    });
  });

  it("cannot be signed with a public key as if that were a secret", async () => {
    const jwk = await exportJWK(first.publicKey);
    const authenticator = await selectAuthenticator({ ...CONFIG, jwtKeys: await keySet(jwk) });
    for (const secret of [JSON.stringify(jwk), first.publicKey.export({ type: "spki", format: "pem" }).toString()]) {
      expect(await authenticator.check(await sign({}, secret))).toMatchObject({ granted: false });
    }
    expect(await authenticator.check(await sign({}))).toMatchObject({ granted: true });
    expect(await authenticator.check(await signWith(first.privateKey))).toMatchObject({ granted: true });
  });
});

describe("a file of keys", () => {
  const rsa = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength });

  it.each<[string, () => Promise<string> | string]>([
    ["it cannot be read (ENOENT)", () => "/nowhere/keys.json"],
    ["it has no keys", () => keySet()],
    ["key 1 is a private key", async () => keySet(await exportJWK(first.privateKey))],
    [
      "key 2 is not a public key of the type",
      async () => keySet(await exportJWK(first.publicKey), { kty: "oct", k: "AA" }),
    ],
    ["key 1 has fewer than 2048 bits", async () => keySet(await exportJWK(rsa(1_024).publicKey))],
  ])("stops the start with a sentence: %s", async (sentence, make) => {
    const path = await make();
    const failed = readKeySet(path);
    await expect(failed).rejects.toBeInstanceOf(StartError);
    await expect(failed).rejects.toThrow(`LX_JWT_KEYS is "${path}", and must be a file`);
    await expect(failed).rejects.toThrow(sentence);
  });

  it("that is not JSON stops the start without being quoted", async () => {
    const path = join(await temporaryFolder(), "keys.json");
    await writeFile(path, "-----BEGIN PRIVATE KEY-----");
    await expect(readKeySet(path)).rejects.toThrow(/it is not JSON\.$/);
  });
});

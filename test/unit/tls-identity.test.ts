import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readTlsIdentity } from "../../examples/server/door/tls-identity.js";
import { StartError } from "../../examples/server/start/start-error.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const fixture = (name: string): string => join(import.meta.dirname, "../support/fixtures", name);
const CERTIFICATE = fixture("tls-1.cert.pem");
const KEY = fixture("tls-1.key.pem");

async function complaint(certificate: string, key: string): Promise<string> {
  const error: unknown = await readTlsIdentity({ certificate, key }).catch((thrown: unknown) => thrown);
  if (!(error instanceof StartError)) throw new Error("Expected a complaint.");
  return error.message;
}

async function fileWith(text: string): Promise<string> {
  const path = join(await temporaryFolder(), "file.pem");
  await writeFile(path, text);
  return path;
}

describe("certificate and key", () => {
  it("that fit together are taken, with the day on which they end", async () => {
    const { expiresAt } = await readTlsIdentity({ certificate: CERTIFICATE, key: KEY });
    expect(expiresAt.getFullYear()).toBeGreaterThan(2100);
  });

  it("that are not there are named, with the setting", async () => {
    expect(await complaint("/nowhere.pem", KEY)).toBe(
      'LX_TLS_CERT is "/nowhere.pem", and must be a file with a certificate in PEM: it cannot be read (ENOENT).',
    );
    expect(await complaint(CERTIFICATE, "/nowhere.pem")).toBe(
      'LX_TLS_KEY is "/nowhere.pem", and must be a file with a private key in PEM: it cannot be read (ENOENT).',
    );
  });

  it("that were exchanged, or are something else, are named, and nothing of them is repeated", async () => {
    expect(await complaint(KEY, KEY)).toContain("and must be a file with a certificate in PEM: there is none in it.");
    expect(await complaint(CERTIFICATE, CERTIFICATE)).toContain("in PEM: there is no such key in it.");
    const nonsense = await fileWith("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
    expect(await complaint(CERTIFICATE, nonsense)).not.toContain("c2VjcmV0");
  });

  it("that belong to others are found to", async () => {
    expect(await complaint(CERTIFICATE, fixture("tls-2.key.pem"))).toContain(
      "and must be the private key of the first certificate in LX_TLS_CERT: it belongs to another one.",
    );
  });

  it("that are encrypted are refused, because nobody is there to be asked", async () => {
    const { privateKey } = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    expect(await complaint(CERTIFICATE, await fileWith(privateKey))).toContain("it is encrypted");
  });
});

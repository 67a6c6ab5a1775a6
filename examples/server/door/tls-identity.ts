import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { codeOf } from "../error-code.js";
import { StartError } from "../start/start-error.js";

/** What a server proves itself with, as PEM. */
export interface TlsIdentity {
  /** The server's certificate, and those that lead from it to one that clients know. */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** When clients begin to refuse the certificate. */
  readonly expiresAt: Date;
}

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Reads certificate and key, and tries them: a wrong one would otherwise show as a handshake that fails without a reason.
 * @throws StartError
 */
export async function readTlsIdentity({ certificate, key }: TlsFiles): Promise<TlsIdentity> {
  const [cert, keyPem] = await Promise.all([
    readPem("LX_TLS_CERT", certificate, "a certificate"),
    readPem("LX_TLS_KEY", key, "a private key"),
  ]);
  const privateKey = parseKey(key, keyPem);
  const leaf = parseCertificate(certificate, cert);
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new StartError(
      `LX_TLS_KEY is ${JSON.stringify(key)}, and must be the private key of the first certificate in LX_TLS_CERT: it belongs to another one.`,
    );
  }
  try {
    createSecureContext({ cert, key: keyPem });
  } catch (error) {
    throw new StartError(
      `LX_TLS_CERT and LX_TLS_KEY cannot be used together (${codeOf(error)}); renew them, with at least 2048 bits for RSA.`,
      { cause: error },
    );
  }
  return { cert, key: keyPem, expiresAt: new Date(leaf.validTo) };
}

async function readPem(name: string, path: string, what: string): Promise<Buffer> {
  return await readFile(path).catch((error: unknown) => {
    throw new StartError(
      `${name} is ${JSON.stringify(path)}, and must be a file with ${what} in PEM: it cannot be read (${codeOf(error)}).`,
      { cause: error },
    );
  });
}

/** Nothing of the file is repeated, and no cause is kept: it may be the key after all. */
function parseKey(path: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    const why = pem.includes("ENCRYPTED")
      ? "it is encrypted, and must be without a passphrase"
      : "there is no such key in it";
    throw new StartError(
      `LX_TLS_KEY is ${JSON.stringify(path)}, and must be a file with a private key in PEM: ${why}.`,
    );
  }
}

function parseCertificate(path: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new StartError(
      `LX_TLS_CERT is ${JSON.stringify(path)}, and must be a file with a certificate in PEM: there is none in it.`,
    );
  }
}

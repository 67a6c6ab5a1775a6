import type { Bytes } from "../../protocol/bytes.js";
import type { Sealing } from "../log/sealing.js";

const IV_BYTES = 12;

/** A key that no script can read, whatever it does with it. */
export const makeKey = (): Promise<CryptoKey> =>
  crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

/** AES-GCM with an initialisation vector of its own, in front, for each record, and the record's number as what is authenticated too. */
export function aesSealing(key: CryptoKey): Sealing {
  const algorithm = (iv: Bytes, record: number): AesGcmParams => ({
    name: "AES-GCM",
    iv,
    additionalData: Uint8Array.of(record, record >>> 8, record >>> 16, record >>> 24),
  });
  return {
    async seal(plain, record) {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const sealed = await crypto.subtle.encrypt(algorithm(iv, record), key, plain);
      const body = new Uint8Array(IV_BYTES + sealed.byteLength);
      body.set(iv);
      body.set(new Uint8Array(sealed), IV_BYTES);
      return body;
    },
    async open(body, record) {
      const iv = body.slice(0, IV_BYTES);
      return new Uint8Array(await crypto.subtle.decrypt(algorithm(iv, record), key, body.slice(IV_BYTES)));
    },
  };
}

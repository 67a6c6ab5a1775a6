import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SecureContextOptions } from "node:tls";
import { expect, it } from "vitest";
import { TlsRenewal } from "../../examples/server/door/tls-renewal.js";
import { createLog } from "../../examples/server/logging/log.js";
import { ManualClock } from "../support/manual-clock.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { testScope } from "../support/test-scope.js";

const fixture = (name: string): string => join(import.meta.dirname, "../support/fixtures", name);

it("A certificate that has changed is found by itself, and one that is half written is not taken", async () => {
  const folder = await temporaryFolder();
  const files = { certificate: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const put = async (number: 1 | 2): Promise<void> => {
    await copyFile(fixture(`tls-${number}.cert.pem`), files.certificate);
    await copyFile(fixture(`tls-${number}.key.pem`), files.key);
  };
  const clock = new ManualClock();
  const taken: SecureContextOptions[] = [];
  const server = { setSecureContext: (options: SecureContextOptions) => taken.push(options) };
  await put(1);
  new TlsRenewal({ server, files, logger: createLog({ logLevel: "silent" }), scope: testScope(clock) });
  /** Every look ends with the next one's timer. */
  const look = async (): Promise<void> => {
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(10_000);
    await expect.poll(() => clock.pending).toBe(1);
  };
  await look();
  expect(taken).toHaveLength(0);
  await put(2);
  await look();
  expect(taken).toHaveLength(1);
  await writeFile(files.certificate, "-----BEGIN CERT");
  await look();
  expect(taken).toHaveLength(1);
  await put(1);
  await look();
  expect(taken).toHaveLength(2);
});

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { RawClient } from "../support/raw-client.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { PATIENTLY } from "../support/waiting.js";

/** What a client is answered that wants a session. */
async function visit(backend: BackendProcess): Promise<unknown> {
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello();
  await client.waiting.until(() => client.closed !== undefined || client.messages("session.new").length > 0);
  client.socket.terminate();
  return client.closed?.code;
}

it("a server that is late with its work refuses new sessions until it has caught up, and keeps those that there are", async () => {
  const busy = join(await temporaryFolder(), "busy");
  const backend = await BackendProcess.start({
    env: {
      ...{ LX_ENGINE: "segmenter", LX_MAX_DELAY_MS: "20", TEST_BUSY: busy },
      NODE_OPTIONS: `--import=${new URL("../support/busy-loop.mjs", import.meta.url).href}`,
    },
  });
  onTestFinished(() => backend[Symbol.asyncDispose]());
  const early = await RawClient.connect(backend.webSocketUrl);
  early.hello();
  await early.until("session.new");
  await writeFile(busy, "");
  await expect.poll(() => visit(backend), PATIENTLY).toBe(4429);
  early.send("client.hb", {});
  await early.until("server.hb");
  await rm(busy);
  await expect.poll(() => visit(backend), PATIENTLY).toBeUndefined();
  expect(early.closed).toBeUndefined();
  expect(backend.log).toContain("LX_MAX_DELAY_MS");
});

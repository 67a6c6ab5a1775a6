import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { expectEverythingOnDisk } from "../support/server-disk.js";
import { TcpProxy } from "../support/tcp-proxy.js";

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_WS_RESUME_TTL: "300" } });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());
afterEach(() => vi.unstubAllGlobals());

describe("a stream on a page that was frozen", () => {
  // shridarpatil/whatomate#494, chattocorp/chatto#502, field report 75
  it("goes on after 65 s in a frozen page though the first attempt fails, and every sample is on the server's disk", async () => {
    const page = Object.assign(new EventTarget(), { visibilityState: "visible", baseURI: "http://127.0.0.1/" });
    vi.stubGlobal("window", new EventTarget());
    vi.stubGlobal("document", page);
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using stream = await NodeStream.start(`ws://127.0.0.1:${proxy.port}/v1/stream`, {
      replay: { maxDurationMs: 120_000, maxBytes: 16_777_216 },
    });
    await stream.captured(2_000);
    page.dispatchEvent(new Event("freeze"));
    await delay(65_000);
    proxy.refuse();
    page.dispatchEvent(new Event("resume"));
    await delay(300);
    await proxy.accept();
    await stream.reconnected(1);
    await stream.captured(stream.source.samplesCaptured / 16 + 1_000);
    await stream.close(60_000);
    expect(stream.losses.length).toBeGreaterThan(0);
    expect(stream.losses.map(({ error }) => error.code)).toEqual(stream.losses.map(() => "connect-failed"));
    await expectEverythingOnDisk(backend, stream);
  }, 240_000);
});

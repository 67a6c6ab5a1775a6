import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { expectCaptionsOnce } from "../support/shown-captions.js";

const KILLS = 5;
const env = { LX_ENGINE: "segmenter" };

// cloudflare/agents#1951, field report 93
it("captions come once each, by their audio, from a server that is killed with SIGKILL five times in mid-speech", {
  timeout: 120_000,
}, async () => {
  const outDir = await mkdtemp(join(tmpdir(), "loquilex-captions-"));
  let backend = await BackendProcess.start({ env, outDir });
  try {
    await using stream = await NodeStream.start(backend.webSocketUrl, {
      speed: 2,
      reconnect: () => 100,
      // However long a server takes to start on a busy machine.
      replay: { maxDurationMs: 300_000, maxBytes: 16_000_000 },
    });
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await stream.captured(stream.source.samplesCaptured / 16 + 5_000);
      await backend.kill9();
      backend = await BackendProcess.start({ env, outDir, port: backend.port });
      await stream.reconnected(kill);
    }
    await stream.captured(stream.source.samplesCaptured / 16 + 3_000);
    await stream.close();
    expect(stream.drops).toEqual([]);
    expectCaptionsOnce(stream);
  } finally {
    await backend[Symbol.asyncDispose]();
    await rm(outDir, { recursive: true, force: true });
  }
});

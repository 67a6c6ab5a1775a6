import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ServerEvent } from "../../src/stream/events/events.js";
import { BackendProcess } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../support/stamped-audio.js";

const KILLS = 5;
const env = { LX_ENGINE: "segmenter" };

/** What an application shows in the end: each final caption's audio, less what was replaced or taken back. */
function shownBy(messages: readonly ServerEvent[]): { from: number; to: number }[] {
  const shown = new Map<string, { from: number; to: number }>();
  for (const message of messages) {
    if (message.t === "asr.void") for (const segment of message.data.segment_ids) shown.delete(segment);
    if (message.t !== "asr.final") continue;
    for (const segment of message.data.replaces ?? []) shown.delete(segment);
    const { segment_id, audio = { from: 0, to: 0 } } = message.data;
    shown.set(segment_id, audio);
  }
  return [...shown.values()].sort((a, b) => a.from - b.from);
}

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
    const shown = shownBy(stream.messages);
    expect(stream.drops).toEqual([]);
    for (const [index, { from }] of shown.entries()) expect(from).toBeGreaterThanOrEqual(shown[index - 1]?.to ?? 0);
    // Every stretch of speech that was spoken to its end has exactly one caption.
    for (let loud = 0; loud + LOUD_SAMPLES < stream.source.samplesCaptured; loud += CYCLE_SAMPLES) {
      const about = shown.filter(({ from, to }) => from < loud + LOUD_SAMPLES && to > loud);
      expect(about, `the speech from ${loud} on`).toHaveLength(1);
    }
  } finally {
    await backend[Symbol.asyncDispose]();
    await rm(outDir, { recursive: true, force: true });
  }
});

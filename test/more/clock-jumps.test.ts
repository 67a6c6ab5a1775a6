import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { FalseDate } from "../support/false-date.js";
import { NodeStream } from "../support/node-stream.js";
import { accountFor, NOTHING_WRONG, readSamples } from "../support/stamped-audio.js";
import { PATIENTLY } from "../support/waiting.js";

const JUMPS = ["+1d", "-3d", "+400d", "-20y", "+0"];

it("a server whose date jumps by days and years goes on with its streams, resumes them, and keeps its files from its neighbour", {
  timeout: 120_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "loquilex-clock-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const outDir = join(folder, "recordings");
  const date = await FalseDate.in(folder);
  const env = { LX_ENGINE: "segmenter" };
  await using backend = await BackendProcess.start({ outDir, env: { ...env, ...date.env } });
  await using neighbour = await BackendProcess.start({ outDir, env });
  await using stream = await NodeStream.start(backend.webSocketUrl);
  await using next = await NodeStream.start(neighbour.webSocketUrl);

  const dates: string[] = [];
  for (const jump of JUMPS) {
    await date.set(jump);
    await stream.captured(stream.source.samplesCaptured / 16 + 1_500);
    const { headers } = await fetch(`${backend.url}/healthz`);
    dates.push(new Date(headers.get("date") ?? "").toISOString().slice(0, 4));
  }
  // It did believe them.
  expect(new Set(dates).size).toBeGreaterThan(2);
  expect(stream.losses).toEqual([]);
  await date.set("+30d");
  stream.sockets.at(-1)?.terminate();
  await stream.reconnected(1);
  await stream.captured(stream.source.samplesCaptured / 16 + 500);

  for (const each of [stream, next]) {
    await each.close();
    expect(each.drops).toEqual([]);
    const name = each.stream.sessionId.slice(0, 8);
    const wavOf = async () => (await readdir(outDir)).filter((file) => file.startsWith(name) && file.endsWith(".wav"));
    await expect.poll(wavOf, PATIENTLY).toHaveLength(1);
    const [file = ""] = await wavOf();
    expect(file).not.toContain("recovered");
    const samples = await readSamples(join(outDir, file));
    expect(samples).toHaveLength(each.source.samplesCaptured);
    expect(accountFor(samples, 0, each.source.samplesCaptured)).toEqual(NOTHING_WRONG);
  }
});

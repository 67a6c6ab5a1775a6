import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, type TestContext, vi } from "vitest";
import { type BackendOptions, BackendProcess } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { expectEverythingOnDisk, recordingsOf } from "../support/server-disk.js";
import { accountFor, readSamples, stampedSamples } from "../support/stamped-audio.js";

const env = { LX_ENGINE: "segmenter" };
/** How long a lease must stand still before others take its server for dead, and time for them to act. */
const SILENCE_MS = 15_000;

async function sharedFolder({ onTestFinished }: TestContext): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), "loquilex-shared-"));
  onTestFinished(() => rm(outDir, { recursive: true, force: true }));
  return outDir;
}

/** As in a container: each server is process number 1. */
const startContained = (outDir: string, more: BackendOptions = {}) =>
  BackendProcess.start({ env, outDir, ownProcessNumbers: true, ...more });

const unfinishedIn = async (outDir: string) => (await readdir(outDir)).filter((name) => /\.(part|tmp)$/.test(name));

/** Every sample of the stream is in one of its recordings, each of which is an unbroken stretch of it. */
async function expectEverythingInAll(backend: BackendProcess, stream: NodeStream, starts: readonly number[]) {
  const captured = stream.source.samplesCaptured;
  const together = new Int16Array(captured);
  for (const path of await recordingsOf(backend, stream)) {
    const recorded = await readSamples(path);
    const start = starts.find((position) => accountFor(recorded, position, position + recorded.length).misplaced === 0);
    expect(start, `where ${path} begins`).toBeDefined();
    together.set(recorded, start);
  }
  expect(together).toEqual(stampedSamples(0, captured));
}

// garrytan/gbrain#2840, DaveyHert/Dishylink#48, field report 80
describe.concurrent("two servers in containers that share a folder of recordings", { timeout: 120_000 }, () => {
  it("both keep their live recordings, however long they look at each other", async (context) => {
    const outDir = await sharedFolder(context);
    await using old = await startContained(outDir);
    await using first = await NodeStream.start(old.webSocketUrl);
    await first.captured(1_000);
    await using fresh = await startContained(outDir);
    await using second = await NodeStream.start(fresh.webSocketUrl);
    await second.captured(SILENCE_MS + 5_000);
    await Promise.all([first.close(), second.close()]);
    for (const stream of [first, second]) {
      expect(stream.losses).toEqual([]);
      await expectEverythingOnDisk(old, stream);
    }
    expect(await unfinishedIn(outDir)).toEqual([]);
  });

  it("finish what the other leaves that is killed, within seconds, and so does a server that starts later", async (context) => {
    const outDir = await sharedFolder(context);
    await using survivor = await startContained(outDir);
    const killed = await startContained(outDir);
    await using first = await NodeStream.start(killed.webSocketUrl, { reconnect: false });
    await using second = await NodeStream.start(survivor.webSocketUrl, { reconnect: false });
    await Promise.all([first.captured(2_000), second.captured(2_000)]);
    await killed.kill9();
    await vi.waitFor(async () => expect(await recordingsOf(survivor, first)).toHaveLength(1), { timeout: 10_000 });
    await survivor.kill9();
    expect(await recordingsOf(survivor, second)).toEqual([]);
    await using successor = await startContained(outDir);
    // Before it has said its address: the system on which both ran says that the other is dead.
    expect(await recordingsOf(successor, second)).toHaveLength(1);
    expect(await unfinishedIn(outDir)).toEqual([]);
    await killed[Symbol.asyncDispose]();
  });

  it("go on without losing a sample when one of them is stopped for so long that the other takes its recordings", async (context) => {
    const outDir = await sharedFolder(context);
    await using sleeper = await startContained(outDir);
    await using other = await startContained(outDir);
    const reconnect = { maxElapsedMs: 120_000, maxAttempts: 1_000, maxDelayMs: 500 };
    await using stream = await NodeStream.start(sleeper.webSocketUrl, { reconnect });
    await stream.captured(3_000);
    sleeper.signal("SIGSTOP");
    await vi.waitFor(async () => expect(await recordingsOf(other, stream)).toHaveLength(1), {
      timeout: SILENCE_MS + 15_000,
      interval: 200,
    });
    const [taken = ""] = await recordingsOf(other, stream);
    const before = await readSamples(taken);
    sleeper.signal("SIGCONT");
    await vi.waitFor(() => expect(stream.reconnections.some(({ resumed }) => !resumed)).toBe(true), {
      timeout: 60_000,
      interval: 200,
    });
    await stream.captured(stream.source.samplesCaptured / 16 + 3_000);
    await stream.close();
    expect(await readSamples(taken)).toEqual(before);
    expect(stream.drops).toEqual([]);
    const starts = stream.reconnections.flatMap(({ missingAudio }) => missingAudio?.to ?? 0);
    await expectEverythingInAll(other, stream, [0, ...starts]);
    expect(await unfinishedIn(outDir)).toEqual([]);
  });
});

import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BackendOptions, BackendProcess } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";
import { expectEverythingOnDisk, recordingsOf } from "../support/server-disk.js";
import { accountFor, NOTHING_WRONG, readSamples } from "../support/stamped-audio.js";
import { PATIENTLY } from "../support/waiting.js";

const TIMEOUT = { timeout: 90_000 };
const DISK_BYTES = 8_000_000;
/** The server goes on writing into it meanwhile. */
const REMOVAL = { recursive: true, maxRetries: 10 };

interface Scene {
  readonly backend: BackendProcess;
  readonly streams: readonly NodeStream[];
}

/** Lets two streams speak with a server, and ends all of it. */
async function duringTwoStreams(options: BackendOptions, happen: (scene: Scene) => Promise<void>): Promise<void> {
  const env = { LX_ENGINE: "segmenter", LX_MIN_FREE_BYTES: "0", ...options.env };
  await using backend = await BackendProcess.start({ ...options, env });
  await using first = await NodeStream.start(backend.webSocketUrl);
  await using second = await NodeStream.start(backend.webSocketUrl);
  const streams = [first, second];
  await further(streams, 500);
  await happen({ backend, streams });
  expect(await backend.stop()).toBe(0);
}

/** Lets every stream capture so many milliseconds more. */
const further = (streams: readonly NodeStream[], ms: number) =>
  Promise.all(streams.map((stream) => stream.captured(stream.source.samplesCaptured / 16 + ms)));

/** An application message, of which the SDK knows nothing. */
const toldOfDisk = ({ messages }: NodeStream): unknown[] =>
  messages.flatMap(({ t, data }: { readonly t: string; readonly data: unknown }) =>
    t === "disk.space" ? (data as { readonly low: boolean }).low : [],
  );

const readiness = async ({ url }: BackendProcess): Promise<number> => (await fetch(`${url}/readyz`)).status;

/** The newest recording of a stream has everything since the place from which it says that audio may be missing no more. */
async function expectTheRest(backend: BackendProcess, stream: NodeStream): Promise<void> {
  expect(stream.drops).toEqual([]);
  expect(stream.reconnections.length).toBeGreaterThan(0);
  const from = stream.reconnections.at(-1)?.missingAudio?.to ?? 0;
  const newest = await readSamples((await recordingsOf(backend, stream)).at(-1) ?? "");
  expect(accountFor(newest, from, stream.source.samplesCaptured)).toEqual(NOTHING_WRONG);
}

async function refusalOf(backend: BackendProcess): Promise<unknown> {
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello();
  await client.untilClosed();
  return client.messages("server.error")[0]?.data;
}

describe("a disk that is really full", () => {
  it(
    "for some seconds costs nothing: streams keep what is not acknowledged, new ones are refused, and all goes on by itself",
    TIMEOUT,
    async () => {
      await duringTwoStreams({ ownDiskBytes: DISK_BYTES }, async ({ backend, streams }) => {
        const hog = join(backend.outDir, "hog");
        await expect(writeFile(hog, new Uint8Array(2 * DISK_BYTES))).rejects.toMatchObject({ code: "ENOSPC" });
        await expect.poll(() => streams.map(toldOfDisk), PATIENTLY).toEqual([[true], [true]]);
        const kept = await Promise.all(
          streams.map(async ({ stream }) => (await stream.getStats()).acknowledgedDurationMs),
        );
        await further(streams, 3_000);
        expect(await refusalOf(backend)).toMatchObject({ code: "disk_full", retry_after_ms: 5_000 });
        expect(await readiness(backend)).toBe(503);
        const later = await Promise.all(
          streams.map(async ({ stream }) => (await stream.getStats()).acknowledgedDurationMs),
        );
        expect(later).toEqual(kept);
        await rm(hog);
        await expect
          .poll(() => streams.map(toldOfDisk), PATIENTLY)
          .toEqual([
            [true, false],
            [true, false],
          ]);
        await expect.poll(() => readiness(backend), PATIENTLY).toBe(200);
        await further(streams, 500);
        for (const stream of streams) {
          await stream.close();
          expect(stream.losses).toEqual([]);
          await expectEverythingOnDisk(backend, stream);
        }
        expect(backend.log).toContain("the disk is full; free some space under");
        expect(await backend.files(".part")).toEqual([]);
      });
    },
  );

  it(
    "when a server stops costs nothing that it has acknowledged, and does not keep it from stopping",
    TIMEOUT,
    async () => {
      await duringTwoStreams({ ownDiskBytes: DISK_BYTES }, async ({ backend, streams }) => {
        await writeFile(join(backend.outDir, "hog"), new Uint8Array(2 * DISK_BYTES)).catch(() => {});
        await expect.poll(() => streams.map(toldOfDisk), PATIENTLY).toEqual([[true], [true]]);
      });
    },
  );
});

describe("the folder of recordings", () => {
  it.each(["deleted", "moved away"])(
    "that is %s while streams go on is made again, and they lose what it had alone",
    TIMEOUT,
    async (how) => {
      await duringTwoStreams({}, async ({ backend, streams }) => {
        const elsewhere = `${backend.outDir}-elsewhere`;
        onTestFinished(() => rm(elsewhere, { recursive: true, force: true }));
        if (how === "deleted") await rm(backend.outDir, REMOVAL);
        else await rename(backend.outDir, elsewhere);
        await Promise.all(streams.map((stream) => stream.reconnected(1)));
        await further(streams, 500);
        for (const stream of streams) {
          await stream.close();
          await expectTheRest(backend, stream);
        }
      });
    },
  );

  it("in whose place there is something else for a while costs nothing that was not in it", TIMEOUT, async () => {
    await duringTwoStreams({}, async ({ backend, streams }) => {
      await rm(backend.outDir, REMOVAL);
      await writeFile(backend.outDir, "not a folder");
      await further(streams, 2_000);
      await rm(backend.outDir);
      await mkdir(backend.outDir, { recursive: true });
      await Promise.all(streams.map((stream) => stream.reconnected(1)));
      await further(streams, 500);
      for (const stream of streams) {
        await stream.close();
        await expectTheRest(backend, stream);
      }
    });
  });
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";
import { expectEverythingInAllLives, expectEverythingOnDisk, recordingsOf } from "../support/server-disk.js";
import { accountFor, NOTHING_WRONG, readSamples } from "../support/stamped-audio.js";

const env = { LX_ENGINE: "segmenter" };
/** How long a server takes to start on a busy machine is not what is tested here. */
const PATIENT = { reconnect: () => 250 };
/** A backend that can be started again on the same port and in the same folder. */
class RestartableBackend implements AsyncDisposable {
  current: BackendProcess;

  private constructor(first: BackendProcess) {
    this.current = first;
  }

  static async start(): Promise<RestartableBackend> {
    return new RestartableBackend(
      await BackendProcess.start({ env, outDir: await mkdtemp(join(tmpdir(), "loquilex-restart-")) }),
    );
  }

  async restart(): Promise<void> {
    const { port, outDir } = this.current;
    this.current = await BackendProcess.start({ env, outDir, port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.current[Symbol.asyncDispose]();
    await rm(this.current.outDir, { recursive: true, force: true });
  }
}

describe.concurrent("a server that is killed with SIGKILL in mid-speech and started again", { timeout: 60_000 }, () => {
  // vellum-ai/vellum-assistant#38483: after a server restart new messages are dropped as old.
  it("is gone on with: what it had not acknowledged is sent again, and one event says what it lacks", async () => {
    await using server = await RestartableBackend.start();
    await using stream = await NodeStream.start(server.current.webSocketUrl, PATIENT);
    await stream.captured(4_000);
    const acknowledgedBefore = (await stream.stream.getStats()).acknowledgedDurationMs * 16;
    await server.current.kill9();
    await server.restart();
    await stream.reconnected(1);
    const resumedAt = stream.source.samplesCaptured;
    await stream.captured(resumedAt / 16 + 2_500);
    await stream.close();

    expect(stream.reconnections).toHaveLength(1);
    const [{ resumed, missingAudio } = { resumed: true, missingAudio: undefined }] = stream.reconnections;
    expect(resumed).toBe(false);
    // All but the last two seconds of what was acknowledged had been let go.
    expect(missingAudio?.from).toBe(0);
    expect(missingAudio?.to).toBeGreaterThanOrEqual(acknowledgedBefore - 2 * 16_000 - 320);
    expect(missingAudio?.to).toBeLessThan(4 * 16_000);
    expect(stream.drops).toEqual([]);
    await expectEverythingInAllLives(server.current, stream, [0, missingAudio?.to ?? 0]);
    // Numbers began again at 1, and are new all the same.
    expect(stream.messages.filter(({ seq }) => seq === 1)).toHaveLength(2);
    const later = stream.messages.slice(stream.messages.findLastIndex(({ seq }) => seq === 1));
    expect(later.filter(({ t }) => t === "asr.final").length).toBeGreaterThan(0);
  });

  it("twice is gone on with twice, and a kill before anything was let go costs nothing", async () => {
    await using server = await RestartableBackend.start();
    await using stream = await NodeStream.start(server.current.webSocketUrl, PATIENT);
    await stream.captured(1_000);
    // A life that has kept nothing yet leaves no recording.
    await vi.waitFor(async () => expect((await stream.stream.getStats()).acknowledgedDurationMs).toBeGreaterThan(0));
    await server.current.kill9();
    await server.restart();
    await stream.reconnected(1);
    await stream.captured(stream.source.samplesCaptured / 16 + 3_000);
    await server.current.kill9();
    await server.restart();
    await stream.reconnected(2);
    await stream.close();
    expect(stream.reconnections.map(({ missingAudio }) => missingAudio?.from)).toEqual([undefined, 0]);
    expect(stream.drops).toEqual([]);
    await expectEverythingInAllLives(server.current, stream, [0, 0, stream.reconnections[1]?.missingAudio?.to ?? 0]);
  });
});

describe.concurrent("a server that is told to stop", { timeout: 60_000 }, () => {
  // cameri/nostream#772: every deploy drops live sessions.
  it("says 1012 and when to come back, refuses new clients, and leaves whole files", async () => {
    await using server = await RestartableBackend.start();
    const backend = server.current;
    const client = await RawClient.connect(backend.webSocketUrl);
    client.hello();
    await client.until("session.new");
    for (let position = 0; position < 16_000; position += 320) client.sendFrame(position);
    await client.untilAcknowledged(16_000);
    const stopped = backend.stop();
    expect((await client.untilClosed()).code).toBe(1012);
    expect(client.messages("server.goaway")[0]?.data.retry_after_ms).toBeGreaterThan(0);
    expect(await stopped).toBe(0);
    const [file, ...more] = await backend.files(".wav");
    expect(more).toEqual([]);
    expect(accountFor(await readSamples(file ?? ""), 0, 16_000)).toEqual(NOTHING_WRONG);
    expect(await backend.files(".part")).toEqual([]);
  });

  // cameri/nostream#772, mattermost/mattermost-webapp#10960
  it("and started again is gone on with, and nothing is lost between its two lives", async () => {
    await using server = await RestartableBackend.start();
    await using stream = await NodeStream.start(server.current.webSocketUrl, PATIENT);
    await stream.captured(3_000);
    expect(await server.current.stop()).toBe(0);
    await server.restart();
    await stream.reconnected(1);
    await stream.captured(stream.source.samplesCaptured / 16 + 1_000);
    await stream.close();
    expect(stream.reconnections).toHaveLength(1);
    expect(stream.losses[0]?.error.message).toContain("restarting");
    expect(stream.drops).toEqual([]);
    await expectEverythingInAllLives(server.current, stream, [0, stream.reconnections[0]?.missingAudio?.to ?? 0]);
  });

  it("while a stream is closing still gets its last words once it is back", async () => {
    await using server = await RestartableBackend.start();
    await using stream = await NodeStream.start(server.current.webSocketUrl, PATIENT);
    await stream.captured(700);
    await server.current.kill9();
    const closing = stream.close();
    await server.restart();
    await closing;
    const files = await recordingsOf(server.current, stream);
    const last = await readSamples(files.at(-1) ?? "");
    expect(accountFor(last, 0, stream.source.samplesCaptured)).toEqual(NOTHING_WRONG);
    expect(stream.drops).toEqual([]);
    if (files.length === 1) await expectEverythingOnDisk(server.current, stream);
  });
});

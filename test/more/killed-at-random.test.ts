import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import { recoverRecordings } from "../../examples/server/recording/recover-recordings.js";
import { Rng } from "../simulation/rng.js";
import { BackendProcess } from "../support/backend-process.js";
import { isProcessAlive } from "../support/process-alive.js";
import { RawClient } from "../support/raw-client.js";
import { accountFor, NOTHING_WRONG, readSamples } from "../support/stamped-audio.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { parseWav } from "../support/wav.js";

const SEED = 49;
const KILLS = 50;
const AT_ONCE = 2;
const SESSIONS = 3;
const MOST_DELAY_MS = 300;
const STOPS = 20;
const FRAME = 320;
const FRAMES_AT_ONCE = 25;
/** How long a server may take to end, on a busy machine. */
const STOP_MS = 25_000;

/**
 * Says whose child it is, and then counts. A shell could count as well, but would start a program for each pause: then
 * the test measures how fast the machine starts programs, and not the server.
 */
const COUNT = 'let i = 0; console.log("pid " + process.ppid); setInterval(() => console.log("line " + ++i), 5)';

/** Counts as fast as it can for as long as its input goes on. */
const COUNTING_ENGINE = `"${process.execPath}" -e '${COUNT}' & cat >/dev/null; kill $!`;

/** A client that acknowledges what it gets, so that it gets more. */
async function listen(backend: BackendProcess): Promise<RawClient> {
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello();
  await client.until("session.new");
  client.socket.on("message", () => {
    const seq = client.received.at(-1)?.seq;
    if (seq !== undefined && client.closed === undefined) client.send("client.ack", { ack_seq: seq });
  });
  client.sendFrame(0);
  return client;
}

/** One that speaks as fast as it is acknowledged, until its connection ends. */
async function speak(backend: BackendProcess): Promise<RawClient> {
  const client = await listen(backend);
  const further = (position: number): void => {
    if (client.closed !== undefined) return;
    for (let frame = 0; frame < FRAMES_AT_ONCE; frame += 1) client.sendFrame(position + frame * FRAME);
    const next = position + FRAMES_AT_ONCE * FRAME;
    void client.untilAcknowledged(position).then(
      () => further(next),
      () => {},
    );
  };
  further(FRAME);
  return client;
}

const acknowledgedBy = (client: RawClient): number =>
  client.messages("audio.ack").reduce((most, { data }) => Math.max(most, data.position), 0);

const finalsOf = (client: RawClient): string[] =>
  client.messages("asr.final").map(({ data }) => (data as { readonly text: string }).text);

/** Kills a server at one moment. @returns how many finals its clients had been told. */
async function killOnce(outDir: string, delayMs: number): Promise<number> {
  const env = { LX_ENGINE: "command", LX_ENGINE_COMMAND: COUNTING_ENGINE, LX_LOG_LEVEL: "error" };
  await using backend = await BackendProcess.start({ env, outDir });
  const clients = await Promise.all(Array.from({ length: SESSIONS }, () => listen(backend)));
  await Promise.all(clients.map((client) => client.until("asr.final")));
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  await backend.kill9();
  await Promise.all(clients.map((client) => client.untilClosed()));

  await expectNoEngine(clients);
  await expectRecoverable(outDir);
  return await expectTranscripts(outDir, clients);
}

/** Asks a server to stop at one moment. @returns how many samples it had acknowledged. */
async function stopOnce(outDir: string, delayMs: number): Promise<number> {
  const env = { LX_ENGINE: "command", LX_ENGINE_COMMAND: COUNTING_ENGINE, LX_LOG_LEVEL: "error" };
  await using backend = await BackendProcess.start({ env, outDir });
  const clients = await Promise.all(Array.from({ length: SESSIONS }, () => speak(backend)));
  await Promise.all(clients.map((client) => client.untilAcknowledged(FRAME)));
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  // Somebody comes at that very moment.
  const late = RawClient.connect(backend.webSocketUrl).then((client) => client.hello());
  expect(await backend.stop(STOP_MS)).toBe(0);
  await late.catch(() => {});
  await Promise.all(clients.map((client) => client.untilClosed()));
  await expectNoEngine(clients);
  const names = await readdir(outDir);
  expect(names.filter((name) => !/\.(txt|jsonl|wav)$/.test(name))).toEqual([]);
  for (const client of clients) {
    expect(client.closed?.code).toBe(1012);
    const [name = "", ...others] = names.filter(
      (file) => file.startsWith(plainWord(client.sessionId)) && file.endsWith(".wav"),
    );
    expect(others).toEqual([]);
    const recorded = await readSamples(join(outDir, name));
    expect(recorded.length).toBeGreaterThanOrEqual(acknowledgedBy(client));
    expect(accountFor(recorded, 0, recorded.length)).toEqual(NOTHING_WRONG);
  }
  const told = clients.filter((client) => finalsOf(client).length > 0);
  await expectTranscripts(outDir, told);
  return clients.reduce((sum, client) => sum + acknowledgedBy(client), 0);
}

async function expectNoEngine(clients: readonly RawClient[]): Promise<void> {
  const pids = clients.flatMap((client) => finalsOf(client)[0]?.replace("pid ", "") ?? []).map(Number);
  await vi.waitFor(() => expect(pids.filter(isProcessAlive)).toEqual([]), { timeout: 10_000 });
}

/** Each has every final that its client was told, in order. @returns how many these were. */
async function expectTranscripts(outDir: string, clients: readonly RawClient[]): Promise<number> {
  const names = await readdir(outDir);
  for (const client of clients) {
    const [name = "", ...others] = names.filter(
      (file) => file.startsWith(plainWord(client.sessionId)) && file.endsWith(".txt"),
    );
    expect(others).toEqual([]);
    const text = await readFile(join(outDir, name), "utf8");
    expect(text.endsWith("\n")).toBe(true);
    const lines = text.slice(0, -1).split("\n");
    expect(lines).toEqual(
      lines.map((_, index) => (index === 0 ? expect.stringMatching(/^pid \d+$/) : `line ${index}`)),
    );
    const finals = finalsOf(client);
    expect(finals.length).toBeGreaterThan(0);
    expect(finals.filter((final) => !lines.includes(final))).toEqual([]);
  }
  return clients.reduce((sum, client) => sum + finalsOf(client).length, 0);
}

async function expectRecoverable(outDir: string): Promise<void> {
  const { failed } = await recoverRecordings(outDir, () => "dead");
  expect(failed).toEqual([]);
  const names = await readdir(outDir);
  expect(names.filter((name) => !/\.(txt|jsonl|wav)$|^\.servers$/.test(name))).toEqual([]);
  for (const name of names.filter((file) => file.endsWith(".wav"))) {
    expect(parseWav(await readFile(join(outDir, name))).samples.length).toBeGreaterThan(0);
  }
}

/** Does something so often, each time with a folder of its own and after another delay. @returns the sum of the answers. */
async function atRandomMoments(
  count: number,
  act: (outDir: string, delayMs: number) => Promise<number>,
): Promise<number> {
  const root = await temporaryFolder();
  const rng = new Rng(SEED);
  const delaysMs = Array.from({ length: count }, () => rng.between(0, MOST_DELAY_MS));
  let sum = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let delayMs = delaysMs.pop(); delayMs !== undefined; delayMs = delaysMs.pop()) {
      const outDir = join(root, String(delaysMs.length));
      await mkdir(outDir);
      sum += await act(outDir, delayMs);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(done).toBe(count);
  return sum;
}

// openclaw/openclaw#94081: a transcript is empty or truncated after a crash.
// heygen-com/hyperframes#1038: orphans pile up.
describe(`a server that is killed with SIGKILL at ${KILLS} random moments`, () => {
  it("leaves whole transcripts with every final that a client was told, and no engine", {
    timeout: 180_000,
  }, async () => {
    const finals = await atRandomMoments(KILLS, killOnce);
    console.log(`Seed ${SEED}: ${KILLS} kills, ${finals} finals told, all of them in the transcripts.`);
    expect(finals).toBeGreaterThan(KILLS * SESSIONS * 5);
  });
});

// cameri/nostream#772: deploys drop what live sessions have.
describe(`a server that is asked to stop with SIGTERM at ${STOPS} random moments under load`, () => {
  it("ends with 0, has every sample that it has acknowledged and every final that it has told on the disk, and leaves no engine", {
    timeout: 300_000,
  }, async () => {
    const samples = await atRandomMoments(STOPS, stopOnce);
    console.log(`Seed ${SEED}: ${STOPS} stops, ${samples} samples acknowledged, all of them in the recordings.`);
    expect(samples).toBeGreaterThanOrEqual(STOPS * SESSIONS * FRAME);
  });
});

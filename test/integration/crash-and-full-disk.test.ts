import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { recoverRecordings } from "../../examples/server/recording/recover-recordings.js";
import { parseCaptions } from "../../examples/server/transcripts/kept-caption.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { parseWav } from "../support/wav.js";

const PROGRAM = fileURLToPath(new URL("../support/recording-process.ts", import.meta.url));

interface Recording {
  readonly child: ChildProcess;
  /** What it printed so far. */
  readonly said: unknown[][];
  /** Resolves when it has printed such a line. */
  until(isIt: (line: unknown[]) => boolean): Promise<void>;
}

/** Starts the program that records without end. @param prefix a shell command to run first. */
function record(folder: string, pace: number, prefix = "true"): Recording {
  const command = `${prefix} && exec "$0" --import tsx "$@"`;
  const child = spawn("sh", ["-c", command, process.execPath, PROGRAM, folder, String(pace)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  const said: unknown[][] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(JSON.parse(line));
    for (const check of waiting) check();
  });
  const until = (isIt: (line: unknown[]) => boolean) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (said.some(isIt)) resolve();
      };
      waiting.add(check);
      child.once("exit", (code) => reject(new Error(`It ended with code ${code} before it said so.`)));
      check();
    });
  return { child, said, until };
}

const finalsTold = (said: readonly unknown[][]): number => said.filter(([what]) => what === "asr.final").length;
const lastKept = (said: readonly unknown[][]): number => Number(said.findLast(([what]) => what === "kept")?.[1] ?? 0);

/** @returns how many samples the folder's only recording has, every one of which is what was recorded at its place. */
async function checkRecording(folder: string): Promise<number> {
  const [name, ...others] = (await readdir(folder)).filter((file) => file.endsWith(".wav"));
  expect(others).toEqual([]);
  const { samples } = parseWav(await readFile(join(folder, name ?? "")));
  const wrong = samples.findIndex((sample, index) => ((sample * 32_768) & 0xffff) !== (index & 0xffff));
  expect(wrong).toBe(-1);
  return samples.length;
}

async function checkTranscript(folder: string): Promise<number> {
  const [name] = (await readdir(folder)).filter((file) => file.endsWith(".txt"));
  const text = await readFile(join(folder, name ?? ""), "utf8");
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  expect(text).toMatch(/^$|\n$/);
  expect(lines).toEqual(lines.map((_, index) => `second ${index}`));
  return lines.length;
}

async function checkCaptions(folder: string): Promise<number> {
  const [name] = (await readdir(folder)).filter((file) => file.endsWith(".jsonl"));
  const { head, captions } = parseCaptions(await readFile(join(folder, name ?? ""), "utf8"));
  expect(head).toMatchObject({ sample_rate: 16_000, start_position: 0 });
  expect(captions.map(({ from, to }) => [from, to])).toEqual(
    captions.map((_, second) => [second * 16_000, (second + 1) * 16_000]),
  );
  return captions.length;
}

// openclaw/openclaw#94081
describe("a server that is killed in the middle of writing", () => {
  it("leaves a recording with all it said was kept, and a whole transcript, wherever the blow falls", async () => {
    const root = await temporaryFolder();
    const rounds = Array.from({ length: 6 }, async (_, round) => {
      const folder = join(root, String(round));
      await mkdir(folder);
      const { child, said, until } = record(folder, 20);
      await until(([what]) => what === "asr.final");
      await until(([what]) => what === "kept");
      await new Promise((resolve) => setTimeout(resolve, 100 + 61 * round));
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
      await checkTranscript(folder);
      expect((await readdir(folder)).filter((name) => name.endsWith(".wav"))).toEqual([]);
      const report = await recoverRecordings(folder, () => "dead");
      expect(report.failed).toEqual([]);
      expect(report.recovered).toHaveLength(1);
      expect(await checkRecording(folder)).toBeGreaterThanOrEqual(lastKept(said));
      const seconds = await checkTranscript(folder);
      expect(seconds).toBeGreaterThanOrEqual(finalsTold(said));
      expect((await readdir(folder)).toSorted()).toEqual([
        ...[/jsonl$/, /txt$/, /wav$/].map((ending) => expect.stringMatching(ending)),
      ]);
      expect(await checkCaptions(folder)).toBeGreaterThanOrEqual(finalsTold(said));
      return seconds;
    });
    expect(Math.max(...(await Promise.all(rounds)))).toBeGreaterThan(0);
  });
});

describe("a disk that is full", () => {
  it("is told to the owner, and what was kept before is a whole recording", async () => {
    const folder = await temporaryFolder();
    // A limit on the size of files makes the system refuse to write on, as a full disk does, and needs no rights.
    const { said, until } = record(folder, 20, "ulimit -f 512");
    await until(([what]) => what === "end failed");
    const failures = said.filter(([what]) => what === "failed");
    expect(failures).toEqual([
      [
        "failed",
        "StorageError",
        expect.stringMatching(/^The recording .* could not be written: the file has reached the largest size/),
      ],
    ]);
    const samples = await checkRecording(folder);
    expect(samples).toBe(lastKept(said));
    expect(samples).toBeGreaterThan(16_000);
    const [name] = (await readdir(folder)).filter((file) => file.endsWith(".wav"));
    expect((await stat(join(folder, name ?? ""))).size).toBeLessThanOrEqual(512 * 1_024);
  });
});

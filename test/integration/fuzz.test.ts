import { expect, it, onTestFinished } from "vitest";
import { AskedProgram } from "../support/asked-program.js";
import { BackendProcess } from "../support/backend-process.js";
import type { AttackFigures, AttackRequest } from "../support/fuzz/attack.js";
import { besideAHealthyStream } from "../support/healthy-stream.js";
import { PacedClient } from "../support/paced-client.js";
import { isProcessAlive } from "../support/process-alive.js";
import { processFigures } from "../support/process-figures.js";
import { PATIENTLY } from "../support/waiting.js";

/** `npm test` sends a few; a longer run has a command of its own, and is held to its figures. */
const WANTED = process.env.LX_FUZZ_MESSAGES;
const MESSAGES = Number(WANTED ?? 1_000);
const SEED = Number(process.env.LX_FUZZ_SEED ?? 1);
/** On a machine that runs other tests as well. */
const P99_MS = WANTED === undefined ? 2_000 : 250;

it(
  `lives through ${MESSAGES} messages and frames that are nearly right, beside streams that do not notice`,
  async () => {
    const env = { LX_ENGINE: "segmenter", LX_WS_RESUME_TTL: "1" };
    const backend = await BackendProcess.start({ env });
    onTestFinished(() => backend[Symbol.asyncDispose]());
    await using attackers = new AskedProgram(new URL("../support/fuzz/attack.ts", import.meta.url), {
      args: [backend.webSocketUrl, String(SEED)],
    });
    const attack = (messages: number): Promise<AttackFigures> => {
      const request: AttackRequest = { messages };
      return attackers.ask(request);
    };
    await besideAHealthyStream(backend, async () => {
      // Threads and caches have begun by then.
      await attack(MESSAGES / 10);
      const paced = await PacedClient.start(backend);
      const before = processFigures(backend.pid);
      const { examined, codes } = await attack(MESSAGES);
      const { p99Ms, frames } = await paced.end();
      await expect.poll(() => processFigures(backend.pid).descriptors, PATIENTLY).toBeLessThan(before.descriptors + 40);
      const after = processFigures(backend.pid);
      const [rssBefore, rssAfter] = [before, after].map(({ rssBytes }) => Math.round(rssBytes / 1_048_576));
      const line = { seed: SEED, examined, frames, p99Ms: Math.round(p99Ms), rssBefore, rssAfter, codes };
      if (WANTED !== undefined) console.log(JSON.stringify(line));
      expect(p99Ms, JSON.stringify(line)).toBeLessThan(P99_MS);
      expect(after.rssBytes - before.rssBytes, JSON.stringify(line)).toBeLessThan(150 * 1_048_576);
      expect(examined).toBeGreaterThanOrEqual(MESSAGES);
      // Nothing was so wrong that it was an error of the server.
      expect(codes[1011]).toBeUndefined();
    });
    expect(isProcessAlive(backend.pid)).toBe(true);
    expect(backend.log).not.toContain("in a way that nothing expected");
  },
  MESSAGES * 5 + 60_000,
);

import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { Rng } from "../simulation/rng.js";
import { BackendProcess } from "../support/backend-process.js";
import { Attacker } from "../support/fuzz/attacker.js";
import { besideAHealthyStream } from "../support/healthy-stream.js";
import { PacedClient } from "../support/paced-client.js";
import { isProcessAlive } from "../support/process-alive.js";
import { processFigures } from "../support/process-figures.js";
import { PATIENTLY } from "../support/waiting.js";

/** `npm test` runs a few; a longer run has a command of its own, and is held to its figures. */
const WANTED = process.env.LX_FUZZ_MESSAGES;
const MESSAGES = Number(WANTED ?? 3_000);
const SEED = Number(process.env.LX_FUZZ_SEED ?? 1);
const ATTACKERS = 4;
/** On a machine that runs other tests as well. */
const P99_MS = WANTED === undefined ? 2_000 : 250;

it(
  `lives through ${MESSAGES} messages and frames that are nearly right, beside streams that do not notice`,
  async () => {
    const env = { LX_ENGINE: "segmenter", LX_WS_RESUME_TTL: "1" };
    const backend = await BackendProcess.start({ env });
    onTestFinished(() => backend[Symbol.asyncDispose]());
    const attackers = Array.from(
      { length: ATTACKERS },
      (_, index) => new Attacker(backend.webSocketUrl, new Rng(SEED * ATTACKERS + index)),
    );
    await besideAHealthyStream(backend, async () => {
      const paced = await PacedClient.start(backend);
      const attack = (messages: number) =>
        Promise.all(attackers.map((attacker) => attacker.send(messages / ATTACKERS)));
      // Threads and caches have begun by then.
      await attack(MESSAGES / 10);
      const before = processFigures(backend.pid);
      await attack(MESSAGES);
      const { p99Ms, frames } = await paced.end();
      const sent = attackers.reduce((sum, attacker) => sum + attacker.sent, 0);
      await expect.poll(() => processFigures(backend.pid).descriptors, PATIENTLY).toBeLessThan(before.descriptors + 40);
      const after = processFigures(backend.pid);
      const codes: Record<number, number> = {};
      for (const attacker of attackers) {
        for (const [code, count] of attacker.codes) codes[code] = (codes[code] ?? 0) + count;
      }
      const [rssBefore, rssAfter] = [before, after].map(({ rssBytes }) => Math.round(rssBytes / 1_048_576));
      const line = { seed: SEED, sent, frames, p99Ms: Math.round(p99Ms), rssBefore, rssAfter, codes };
      if (WANTED !== undefined) console.log(JSON.stringify(line));
      expect(p99Ms, JSON.stringify(line)).toBeLessThan(P99_MS);
      expect(after.rssBytes - before.rssBytes, JSON.stringify(line)).toBeLessThan(150 * 1_048_576);
      expect(sent).toBeGreaterThanOrEqual(MESSAGES);
      // Nothing was so wrong that it was an error of the server.
      expect(codes[1011]).toBeUndefined();
      await sleep(100);
    });
    expect(isProcessAlive(backend.pid)).toBe(true);
    expect(backend.log).not.toContain("in a way that nothing expected");
  },
  MESSAGES * 5 + 60_000,
);

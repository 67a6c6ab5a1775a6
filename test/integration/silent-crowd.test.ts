import { expect, it, onTestFinished } from "vitest";
import { AskedProgram } from "../support/asked-program.js";
import { BackendProcess } from "../support/backend-process.js";
import type { CrowdFigures, CrowdRequest } from "../support/crowd.js";
import { besideAHealthyStream } from "../support/healthy-stream.js";
import { PacedClient } from "../support/paced-client.js";
import { processFigures } from "../support/process-figures.js";
import { PATIENTLY } from "../support/waiting.js";

/** `npm test` makes a few connections; a longer run has a command of its own, and is held to its figures. */
const WANTED = process.env.LX_DOOR_CONNECTIONS;
const CONNECTIONS = Number(WANTED ?? 300);
const WAITING = Math.min(1_000, CONNECTIONS / 3);
const P99_MS = WANTED === undefined ? 2_000 : 250;
/** Those who are left have ten seconds each, and what Node does about unfinished requests it does every few seconds. */
const GONE = { timeout: 30_000, interval: 200 };

it(
  `${CONNECTIONS} connections that never say hello are ended, each with its reason, beside streams that do not notice`,
  async () => {
    const backend = await BackendProcess.start({
      env: {
        ...{ LX_ENGINE: "segmenter", LX_API: "open", LX_MAX_WAITING: String(WAITING) },
        LX_MAX_CONNECTIONS_PER_ADDRESS: "1000000",
      },
      prefix: "ulimit -n $(ulimit -Hn)",
    });
    onTestFinished(() => backend[Symbol.asyncDispose]());
    await using crowd = new AskedProgram(new URL("../support/crowd.ts", import.meta.url), {
      args: [String(backend.port)],
    });
    const connect = (more: number): Promise<CrowdFigures> => {
      const request: CrowdRequest = { connect: more };
      return crowd.ask(request);
    };
    const openCount = async (): Promise<number> => (await connect(0)).open;
    await besideAHealthyStream(backend, async () => {
      const paced = await PacedClient.start(backend);
      await connect(CONNECTIONS);
      await expect.poll(openCount, GONE).toBeLessThanOrEqual(WAITING);
      const most = processFigures(backend.pid);
      // That takes too long for `npm test`.
      if (WANTED !== undefined) {
        await expect.poll(openCount, GONE).toBe(0);
        expect(await connect(0)).toMatchObject({ untold: 0 });
      }
      const { p99Ms, frames } = await paced.end();
      const response = await fetch(`${backend.url}/api/resources`);
      const { refused } = (await response.json()) as { readonly refused: Readonly<Record<string, number>> };
      const line = {
        connections: CONNECTIONS,
        frames,
        p99Ms: Math.round(p99Ms),
        rss: Math.round(most.rssBytes / 1_048_576),
        refused,
      };
      if (WANTED !== undefined) console.log(JSON.stringify(line));
      expect(p99Ms, JSON.stringify(line)).toBeLessThan(P99_MS);
      expect(refused.overtaken, JSON.stringify(line)).toBeGreaterThanOrEqual(CONNECTIONS - WAITING - 10);
      await expect.poll(() => processFigures(backend.pid).descriptors, PATIENTLY).toBeLessThan(WAITING + 100);
    });
  },
  CONNECTIONS * 10 + 60_000,
);

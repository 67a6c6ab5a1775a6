import { readFile } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { Metrics } from "../../examples/server/admin/metrics/metrics.js";
import { ServerFigures } from "../../examples/server/server-figures.js";
import { SessionWorks } from "../../examples/server/session-works.js";
import { memoryStore } from "../../examples/server/store/memory-store.js";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { ManualClock } from "../support/manual-clock.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";
import { ask } from "../support/serve-archive.js";

const DASHBOARD = new URL("../../examples/server/grafana/loquilex.json", import.meta.url);

/** What is after the name and labels of a series; `undefined` if there is no such series. */
const seriesValue = (text: string, series: string): number | undefined => {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
};

it("are read once for all who ask at the same time", async () => {
  const clock = new ManualClock();
  let reads = 0;
  const metrics = new Metrics({
    manager: {
      get sessionCount() {
        reads += 1;
        return 0;
      },
      ...{ connectionCount: 0, refused: {}, works: new SessionWorks(), figures: new ServerFigures() },
    },
    ...{ engines: { name: "none", runs: 0, failures: 0 }, store: memoryStore, clock, isReady: () => true },
  });
  const texts = await Promise.all(Array.from({ length: 50 }, () => metrics.text()));
  expect([reads, new Set(texts).size]).toEqual([1, 1]);
  clock.advance(500);
  await metrics.text();
  expect(reads).toBe(2);
});

describe("a server's metrics", { timeout: START_TIMEOUT_MS * 2 }, () => {
  it("count what happens, name nobody, and are all that the dashboard shows", async () => {
    const env = { LX_ENGINE: "segmenter", LX_TOKEN: "s3cret-token", LX_WS_HEARTBEAT_SEC: "1" };
    await using backend = await BackendProcess.start({ env });
    const read = async (): Promise<string> => (await ask(`${backend.url}/metrics`)).text;
    await using stream = await NodeStream.start(backend.webSocketUrl, { getToken: () => "s3cret-token" });
    await stream.captured(1_500);
    for (const socket of stream.sockets) socket.terminate();
    await stream.reconnected(1);
    const stranger = await RawClient.connect(backend.webSocketUrl);
    stranger.hello({ token: "a-wrong-one" });
    expect((await stranger.untilClosed()).code).toBe(4401);
    const listener = await RawClient.connect(backend.webSocketUrl);
    listener.hello({ token: "s3cret-token" });
    await listener.until("system.heartbeat");
    expect(listener.messages("system.heartbeat")[0]?.data).toEqual({ sessions: 2 });
    const during = await read();
    expect(seriesValue(during, "loquilex_ready")).toBe(1);
    expect(seriesValue(during, "loquilex_sessions")).toBe(2);
    expect(seriesValue(during, "loquilex_connections")).toBe(2);
    expect(seriesValue(during, 'loquilex_openings_total{answer="began"}')).toBe(2);
    expect(seriesValue(during, 'loquilex_openings_total{answer="resumed"}')).toBe(1);
    expect(seriesValue(during, 'loquilex_refusals_total{reason="close 4401"}')).toBe(1);
    expect(seriesValue(during, 'loquilex_audio_acks_total{kind="audio"}')).toBeGreaterThan(0);
    expect(seriesValue(during, "nodejs_eventloop_lag_p99_seconds")).toBeGreaterThan(0);
    listener.socket.close(1000);
    await stream.close();
    await vi.waitFor(async () => {
      const after = await read();
      expect(seriesValue(after, "loquilex_sessions")).toBe(0);
      expect(seriesValue(after, 'loquilex_sessions_finished_total{reason="ended"}')).toBe(1);
      expect(seriesValue(after, 'loquilex_sessions_finished_total{reason="aborted"}')).toBe(1);
    });

    const known = new Set(Array.from((await read()).matchAll(/^# TYPE (\w+) /gm), ([, name = ""]) => name));
    const dashboard = await readFile(DASHBOARD, "utf8");
    const shown = Array.from(dashboard.matchAll(/\b(?:loquilex|nodejs|process)_\w+/g), ([name]) => name);
    expect(shown.filter((name) => !known.has(name))).toEqual([]);
    expect([...known].filter((name) => name.startsWith("loquilex_") && !shown.includes(name))).toEqual([]);
    expect(await read()).not.toContain(stream.stream.sessionId.slice(0, 8));
    for (const secret of ["s3cret-token", "a-wrong-one"]) {
      expect(await read()).not.toContain(secret);
      expect(backend.log).not.toContain(secret);
    }
  });

  it("ask for the token if they are told to, and are off if they are", async () => {
    await using backend = await BackendProcess.start({ env: { LX_METRICS: "token", LX_TOKEN: "s3cret-token" } });
    expect((await ask(`${backend.url}/metrics`)).status).toBe(401);
    const headers = { authorization: "Bearer s3cret-token" };
    expect((await ask(`${backend.url}/metrics`, { headers })).status).toBe(200);
    await using other = await BackendProcess.start({ env: { LX_METRICS: "off" } });
    expect(await ask(`${other.url}/metrics`)).toMatchObject({
      status: 404,
      text: expect.stringContaining("LX_METRICS"),
    });
    expect(await ask(`${other.url}/readyz`)).toMatchObject({ status: 200, json: { status: "ready" } });
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { expectEverythingOnDisk } from "../support/server-disk.js";
import { TcpProxy } from "../support/tcp-proxy.js";

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_WS_RESUME_TTL: "300" } });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

/** How long the stream lasts. A longer run has a command of its own. */
const SECONDS = Number(process.env.LX_ROUND_TRIP_SECONDS ?? 40);

describe("a stream whose server is far away", () => {
  // flet-dev/flet#1656, socketio/socket.io#2769, field report 76
  it(
    "keeps one connection through round trips of 4 s, and every sample is on the server's disk",
    async () => {
      await using proxy = await TcpProxy.listen({ targetPort: backend.port });
      proxy.delay("toServer", 2_000);
      proxy.delay("toClient", 2_000);
      await using stream = await NodeStream.start(`ws://127.0.0.1:${proxy.port}/v1/stream`);
      await stream.captured(SECONDS * 1_000);
      await stream.close(60_000);
      expect(stream.losses).toEqual([]);
      expect(stream.warnings).toEqual([]);
      expect(proxy.connectionCount).toBe(1);
      await expectEverythingOnDisk(backend, stream);
    },
    SECONDS * 1_000 + 100_000,
  );
});

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { deferred, Scope, systemClock } from "loquilex/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { selectAuthenticator } from "../../examples/server/door/select-authenticator.js";
import type { Engine, EngineOpenOptions } from "../../examples/server/engines/engine.js";
import { createLog } from "../../examples/server/logging/log.js";
import { openRecordingDisk } from "../../examples/server/recording/disk/recording-disk.js";
import { SessionManager } from "../../examples/server/session-manager.js";
import { readInvocation } from "../../examples/server/start/config.js";
import { memoryStore } from "../../examples/server/store/memory-store.js";
import { RawClient } from "../support/raw-client.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { testScope } from "../support/test-scope.js";
import { parseWav } from "../support/wav.js";

/** A backend in this process, with an engine that the test leads and a log of what happened in which order. */
async function serve(options: { readonly lastWords?: (stream: EngineOpenOptions) => Promise<void> } = {}) {
  const outDir = await temporaryFolder();
  const log: string[] = [];
  const invocation = readInvocation(["--out-dir", outDir], {});
  if (invocation.kind !== "serve") throw new Error("The configuration asks for help.");
  const engine: Engine = {
    name: "led",
    open: (stream) => {
      stream.onStatus({ engine: "led", words: true, detail: "" });
      return {
        write: () => undefined,
        gap: () => {},
        async end() {
          log.push("engine: no more audio");
          await options.lastWords?.(stream);
          log.push("engine: said its last word");
        },
        async dispose() {
          log.push(`engine: let go, transcript ${JSON.stringify(readText(outDir, ".txt"))}`);
        },
      };
    },
  };
  const scope = new Scope({
    name: "server",
    onChange: ({ type, resource }) => {
      if (type === "released") log.push(`released: ${resource}`);
    },
  });
  const httpServer = createServer().listen(0, "127.0.0.1");
  await once(httpServer, "listening");
  const manager = new SessionManager({
    config: invocation.config,
    httpServer,
    engines: { forOwner: () => engine },
    authenticator: await selectAuthenticator(invocation.config),
    store: memoryStore,
    disk: openRecordingDisk(outDir, systemClock, testScope()),
    logger: createLog({ logLevel: "silent" }),
    clock: systemClock,
    scope,
  });
  onTestFinished(async () => {
    await manager.shutdown();
    httpServer.close();
    httpServer.closeAllConnections();
  });
  const url = `ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}/v1/stream`;
  return { outDir, log, manager, scope, url };
}

const readText = (folder: string, ending: string): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");

async function talk(url: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  client.hello();
  await client.until("session.new");
  for (let position = 0; position < 16_000; position += 320) client.sendFrame(position);
  await vi.waitFor(() => expect(client.messages("audio.ack").at(-1)?.data.position).toBe(16_000), { timeout: 5_000 });
  return client;
}

// cameri/nostream#772: every deploy drops live sessions.
describe("SessionManager.shutdown()", () => {
  it("sends clients away, then lets engines speak, then finishes files, then lets go, in this order", async () => {
    const { log, manager, scope, url, outDir } = await serve({
      lastWords: async ({ onSegment }) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        onSegment({ text: "goodbye", segmentId: "s-1", final: true, from: 0, to: 16_000 });
      },
    });
    const client = await talk(url);
    log.length = 0;
    void client.untilClosed().then(({ code }) => log.push(`client: closed with ${code}`));
    await manager.shutdown();
    const order = [
      "engine: no more audio",
      "engine: said its last word",
      'engine: let go, transcript "goodbye\\n"',
      "released: recording and engine",
      "released: websocket server",
    ];
    expect(log.filter((line) => order.includes(line))).toEqual(order);
    expect(log.indexOf("client: closed with 1012")).toBeLessThan(log.indexOf("engine: said its last word"));
    expect(log.indexOf("client: closed with 1012")).toBeGreaterThanOrEqual(0);
    expect(client.messages("server.goaway")).toHaveLength(1);
    expect(scope.resources()).toEqual([]);
    const wavs = readdirSync(outDir).filter((name) => name.endsWith(".wav"));
    expect(wavs).toHaveLength(1);
    expect(parseWav(readFileSync(join(outDir, wavs[0] ?? ""))).samples).toHaveLength(16_000);
    expect(readdirSync(outDir)).toHaveLength(3);
  });

  it("takes nobody while engines still speak: who comes is told when to come back", async () => {
    const speaking = deferred<void>();
    const { manager, url } = await serve({ lastWords: () => speaking.promise });
    await talk(url);
    const down = manager.shutdown();
    const late = await RawClient.connect(url);
    late.hello();
    expect((await late.untilClosed()).code).toBe(1012);
    expect(late.messages("server.error")[0]?.data).toMatchObject({ code: "going_away", retry_after_ms: 1_000 });
    expect(manager.sessionCount).toBe(1);
    speaking.resolve();
    await down;
  });

  it("waits for all engines together no longer than its deadline, and keeps what there is", async () => {
    const { manager, url, outDir, log } = await serve({ lastWords: () => new Promise(() => {}) });
    await Promise.all([talk(url), talk(url), talk(url)]);
    const before = performance.now();
    await manager.shutdown();
    const tookMs = performance.now() - before;
    expect(tookMs).toBeGreaterThan(3_900);
    expect(tookMs).toBeLessThan(7_000);
    const wavs = readdirSync(outDir).filter((name) => name.endsWith(".wav"));
    expect(wavs).toHaveLength(3);
    expect(log.filter((line) => line.startsWith("engine: let go"))).toHaveLength(3);
  });

  it("also ends sessions whose client is away, and waits for those that are just being released", async () => {
    const { manager, url, log } = await serve();
    const [away, gone] = await Promise.all([talk(url), talk(url)]);
    away.socket.terminate();
    gone.socket.close(1000);
    await Promise.all([away.untilClosed(), gone.untilClosed()]);
    await vi.waitFor(() => expect(manager.sessionCount).toBe(1));
    await manager.shutdown();
    expect(log.filter((line) => line === "released: recording and engine")).toHaveLength(2);
  });

  it("is done once, whoever asks", async () => {
    const { manager } = await serve();
    expect(manager.shutdown()).toBe(manager.shutdown());
    await manager.shutdown();
  });
});

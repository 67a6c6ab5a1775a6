import { describe, expect, it, vi } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { expectEverythingOnDisk } from "../support/server-disk.js";

describe("a backend whose writer thread is killed again and again", () => {
  it("loses and repeats no sample of any session, and breaks no connection", { timeout: 60_000 }, async () => {
    const env = {
      LX_ENGINE: "segmenter",
      NODE_OPTIONS: `--import=${new URL("../support/kill-writer-thread.mjs", import.meta.url).href}`,
    };
    await using backend = await BackendProcess.start({ env });
    const streams = await Promise.all(Array.from({ length: 4 }, () => NodeStream.start(backend.webSocketUrl)));
    const deaths = () => backend.log.split("The thread that writes recordings died.").length - 1;
    await vi.waitFor(() => expect(deaths()).toBeGreaterThan(4), { timeout: 30_000 });
    await Promise.all(streams.map((stream) => stream.close()));
    for (const stream of streams) {
      expect(stream.losses).toEqual([]);
      await expectEverythingOnDisk(backend, stream);
      await stream[Symbol.asyncDispose]();
    }
  });
});

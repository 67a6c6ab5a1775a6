import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { besideAHealthyStream } from "../support/healthy-stream.js";
import { NodeStream } from "../support/node-stream.js";
import { processFigures } from "../support/process-figures.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { PATIENTLY } from "../support/waiting.js";

/** Each way an engine can do harm by what it prints, or does not, and by how it ends. */
const WAYS = {
  "that prints 100 MB of lines": "yes 'one more line of a flood' | head -c 100000000; exec cat >/dev/null",
  "that prints 100 MB without a newline": "head -c 100000000 /dev/zero | tr '\\0' x; exec cat >/dev/null",
  "that prints binary data without end": "exec cat /dev/urandom",
  "that prints half objects without end": `exec yes '{"text": "one", "words": [{"text":'`,
  "that hears nothing, says nothing and does not end": "trap '' TERM; exec tail -f /dev/null",
  "that ends while a process it left behind holds its output": "setsid sh -c 'trap \"\" TERM; sleep 60' & exit 3",
} as const;

describe("an engine", () => {
  // Field reports 102 and 107.
  it("does no harm to other sessions, whatever it prints and however it ends", { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder();
    // The first session's engine is well, and each of the others has a fault of its own.
    const cases = Object.values(WAYS).map((command, index) => `${index + 1}) ${command} ;;`);
    const first = "0) exec cat >/dev/null ;;";
    const command = `n=0; while ! mkdir ${join(folder, "session")}$n 2>/dev/null; do n=$((n+1)); done; case $n in ${first} ${cases.join(" ")} esac`;
    await using backend = await BackendProcess.start({
      env: { LX_ENGINE: "command", LX_ENGINE_COMMAND: command, LX_MAX_CUDA_SESSIONS: "20" },
    });
    const before = processFigures(backend.pid).rssBytes;
    await besideAHealthyStream(backend, async () => {
      const streams: NodeStream[] = [];
      for (const _ of Object.values(WAYS)) {
        const stream = await NodeStream.start(backend.webSocketUrl);
        onTestFinished(() => stream[Symbol.asyncDispose]());
        streams.push(stream);
        // The next engine is the next in the list.
        await vi.waitFor(() => expect(stream.messages.some(({ t }) => t === "status")).toBe(true), PATIENTLY);
      }
      await Promise.all(streams.map((stream) => stream.captured(1_500)));
      expect(processFigures(backend.pid).rssBytes - before).toBeLessThan(150_000_000);
      await Promise.all(streams.map((stream) => stream.close()));
      const details = streams.map(({ messages }) => JSON.stringify(messages.filter(({ t }) => t === "status").at(-1)));
      expect(details[4]).toContain("did not end within 4 s");
      expect(details[5]).toContain("The engine command ended with exit code 3. ");
      for (const { messages } of streams) expect(messages.length).toBeLessThan(10_000);
    });
    expect(await backend.stop()).toBe(0);
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Pages that show what applications write own no resources but a stream, and have no owner to import. */
const EXEMPT = ["examples/script-tag/", "examples/say-one-of-these/say-one-of-these.ts"];

/** What acquires something, and the only files that may: each of them hands it to a `Scope`, or is one. */
const ACQUISITIONS: readonly { readonly what: RegExp; readonly in: readonly string[] }[] = [
  { what: /\b(?:setTimeout|setInterval|setImmediate|requestAnimationFrame)\b/, in: ["src/internal/clock.ts"] },
  {
    what: /\.(?:addEventListener|removeEventListener)\(/,
    in: ["src/internal/abort.ts", "src/internal/scope.ts", "src/internal/typed-event-target.ts"],
  },
  {
    what: /\.on(?:message|open|close|abort|ended|statechange|processorerror|click) =/,
    // What a transaction calls ends with it.
    in: ["src/journal/worker/database.ts", "src/playback/player/player.worklet.ts", "src/worklet/register-capture.ts"],
  },
  { what: /\bnew (?:Shared)?Worker\(/, in: ["examples/server/processes/thread.ts", "src/internal/worker-thread.ts"] },
  { what: /\bnew (?:WebSocket|Implementation)\(/, in: ["src/transport/socket.ts"] },
  {
    what: /\bnew WebSocketServer\(/,
    in: ["examples/minimal-server/minimal-server.ts", "examples/server/connection/stream-door.ts"],
  },
  {
    what: /\b(?:createServer)\(/,
    in: [
      "examples/cluster/balancer.ts",
      "examples/cluster/start.ts",
      "examples/server/admin/http-server.ts",
      "examples/server/recording/folder/lifeline.ts",
    ],
  },
  {
    what: /(?<![.\w])(?:spawn|fork|exec|execFile|spawnSync|execSync)\(/,
    in: ["examples/cluster/program.ts", "examples/server/processes/child-process.ts"],
  },
  {
    what: /\bnew AudioContext\(/,
    in: [
      "src/capture/graph/audio-graph.ts",
      "src/capture/microphone/sound/sound-probe.ts",
      "src/playback/player/voice-player.ts",
    ],
  },
  {
    what: /\bnew AudioWorkletNode\(/,
    in: ["src/capture/graph/processor/processor-client.ts", "src/playback/player/voice-player.ts"],
  },
  { what: /\.getUserMedia\(/, in: ["src/capture/microphone/devices/acquisition.ts"] },
  { what: /\bnew FinalizationRegistry\b/, in: ["src/internal/leak-guard.ts"] },
];

const sources = ["src", "examples"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path}`)
    .filter((path) => /\.(?:ts|mjs|js)$/.test(path) && !EXEMPT.some((page) => path.startsWith(page))),
);

const codeOf = (path: string): string =>
  readFileSync(join(ROOT, path), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");

describe("resources are acquired by their owners alone", () => {
  it.each(ACQUISITIONS.map((rule) => [String(rule.what), rule] as const))("%s", (_name, rule) => {
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.filter((path) => rule.what.test(codeOf(path))).sort()).toEqual([...rule.in].sort());
  });
});

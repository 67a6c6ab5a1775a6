import { systemClock } from "loquilex/resources";
import { expect } from "vitest";
import type { EngineStatus, Segment } from "../../examples/server/engines/engine.js";
import { type SelectEngineOptions, selectEngine } from "../../examples/server/engines/select-engine.js";
import { createLog } from "../../examples/server/logging/log.js";
import { readInvocation } from "../../examples/server/start/config.js";
import { testScope } from "./test-scope.js";

/** The engine that a backend with these variables has; it is gone after the test. */
export function selectedEngine(
  environment: Readonly<Record<string, string>>,
  more: Partial<SelectEngineOptions> = {},
): ReturnType<typeof selectEngine> {
  const invocation = readInvocation([], environment);
  if (invocation.kind !== "serve") throw new Error("Expected a configuration.");
  const logger = createLog({ logLevel: "silent" });
  const { config } = invocation;
  return selectEngine({ config, clock: systemClock, scope: testScope(), path: "", logger, ...more });
}

/** One run of that engine, of a stream that begins at position 1000, and what it has said. */
export async function openEngine(
  environment: Readonly<Record<string, string>>,
  more: Partial<SelectEngineOptions> = {},
) {
  const engine = await selectedEngine(environment, more);
  const segments: Segment[] = [];
  const statuses: EngineStatus[] = [];
  const run = engine.open({
    format: { sampleRate: 16_000, channels: 1 },
    startPosition: 1_000,
    scope: testScope(),
    onStatus: (status) => statuses.push(status),
    onSegment: (segment) => segments.push(segment),
    onError: (error) => expect.unreachable(error.message),
  });
  return { engine, run, segments, statuses };
}

export const textsOf = (segments: readonly Segment[]): string[] => segments.map(({ text }) => text);

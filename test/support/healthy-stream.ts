import { expect } from "vitest";
import type { BackendProcess } from "./backend-process.js";
import { NodeStream, type NodeStreamOptions } from "./node-stream.js";
import { expectEverythingOnDisk } from "./server-disk.js";

/** Runs `disturb` while somebody else's stream goes on, which must not notice. */
export async function besideAHealthyStream(
  backend: BackendProcess,
  disturb: () => Promise<void>,
  options: NodeStreamOptions = {},
): Promise<void> {
  await using healthy = await NodeStream.start(backend.webSocketUrl, options);
  await healthy.captured(300);
  await disturb();
  await healthy.captured(healthy.source.samplesCaptured / 16 + 300);
  await healthy.close();
  expect(healthy.sockets).toHaveLength(1);
  expect(healthy.warnings).toEqual([]);
  await expectEverythingOnDisk(backend, healthy);
}

import { expect, it } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { TcpProxy } from "../support/tcp-proxy.js";

// A load balancer in front of servers that share no sessions.
it("a stream that is led to another server and back again goes on there, and nothing of it is dropped", {
  timeout: START_TIMEOUT_MS * 2,
}, async () => {
  const env = { LX_ENGINE: "segmenter" };
  await using first = await BackendProcess.start({ env });
  await using second = await BackendProcess.start({ env });
  await using toFirst = await TcpProxy.listen({ targetPort: first.port });
  await using toSecond = await TcpProxy.listen({ targetPort: second.port });
  let next = toFirst;
  await using stream = await NodeStream.start(() => `ws://127.0.0.1:${next.port}/v1/stream`);
  for (const [round, from, to] of [
    [1, toFirst, toSecond],
    [2, toSecond, toFirst],
    [3, toFirst, toFirst],
  ] as const) {
    await stream.stream.flush();
    await stream.captured(stream.source.samplesCaptured / 16 + 500);
    next = to;
    from.reset();
    await stream.reconnected(round);
  }
  expect(stream.reconnections.map(({ resumed }) => resumed)).toEqual([false, false, true]);
  await stream.close();
  expect(stream.drops).toEqual([]);
  // What the first server had before, and what it got afterwards.
  expect(await first.files(".wav")).toHaveLength(2);
  expect(await second.files(".part")).toHaveLength(1);
});

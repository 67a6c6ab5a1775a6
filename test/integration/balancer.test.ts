import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { Balancer } from "../../examples/cluster/balancer.js";

/** A node that says yes to `/readyz` after so many milliseconds. */
async function startNode(answerMs: number) {
  const server = createServer((_request, response) => {
    setTimeout(() => response.end("yes"), answerMs);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const dispose = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { port, [Symbol.asyncDispose]: dispose };
}

it("a node that is added while another one takes its time to answer gets connections from then on", async () => {
  await using slow = await startNode(300);
  await using quick = await startNode(0);
  await using balancer = await Balancer.listen({ host: "127.0.0.1", port: 0, nodes: [slow.port] });
  // It is being asked again by now.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const seen = new Set<string>();
  const until = performance.now() + 1_000;
  await balancer.add(quick.port);
  while (performance.now() < until) {
    seen.add(balancer.ready.join());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect([...seen]).toEqual([`${slow.port},${quick.port}`]);
});

it("a node that is replaced gets no connections, though it says yes afterwards", async () => {
  await using old = await startNode(200);
  await using by = await startNode(0);
  await using balancer = await Balancer.listen({ host: "127.0.0.1", port: 0, nodes: [old.port] });
  expect(balancer.ready).toEqual([old.port]);
  balancer.replace(old.port, by.port);
  expect(balancer.ready).toEqual([]);
  await expect.poll(() => balancer.ready).toEqual([by.port]);
});

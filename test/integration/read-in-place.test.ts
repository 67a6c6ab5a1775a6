import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { systemClock } from "loquilex/resources";
import { describe, expect, it, onTestFinished } from "vitest";
import { readInPlace } from "../../examples/server/connection/read-in-place.js";
import { ReadingTurn } from "../../examples/server/connection/reading-turn.js";
import { testScope } from "../support/test-scope.js";

/** Both ends of a connection. */
async function pair(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const far = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" });
  const [near] = (await once(server, "connection")) as [Socket];
  onTestFinished(() => {
    for (const socket of [near, far]) socket.destroy();
    server.close();
  });
  return { near, far };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const newTurn = (): ReadingTurn => new ReadingTurn(systemClock, testScope());

describe("a socket that reads into memory of all sockets", () => {
  it("brings everything in order, waits while it is paused, and ends", async () => {
    const { near, far } = await pair();
    const came: Buffer[] = [];
    near.on("data", () => came.push(Buffer.from("data")));
    // Should a newer Node.js keep such a buffer in another way, this says so; the server would work on, slower.
    expect(readInPlace(near, (chunk) => came.push(Buffer.from(chunk)), newTurn())).toBe(true);
    const sent = randomBytes(300_000);
    far.write(sent.subarray(0, 100_000));
    await expect.poll(() => Buffer.concat(came).byteLength).toBe(100_000);
    near.pause();
    far.write(sent.subarray(100_000, 200_000));
    await pause(20);
    expect(Buffer.concat(came)).toHaveLength(100_000);
    near.resume();
    const ended = once(near, "end");
    far.end(sent.subarray(200_000));
    await ended;
    expect(Buffer.concat(came)).toEqual(sent);
  });

  it("shares its memory with other sockets without mixing them up", async () => {
    const pairs = await Promise.all(Array.from({ length: 5 }, pair));
    const turn = newTurn();
    const came = pairs.map(({ near }) => {
      const chunks: Buffer[] = [];
      near.resume();
      readInPlace(near, (chunk) => chunks.push(Buffer.from(chunk)), turn);
      return chunks;
    });
    const sent = pairs.map(() => randomBytes(200_000));
    for (const [index, { far }] of pairs.entries()) far.write(sent[index] ?? "");
    await expect.poll(() => came.map((chunks) => Buffer.concat(chunks).byteLength)).toEqual(sent.map(() => 200_000));
    expect(came.map((chunks) => Buffer.concat(chunks))).toEqual(sent);
  });

  it("is not made of what is no plain socket, or has something to read already", async () => {
    expect(readInPlace(new PassThrough(), () => {}, newTurn())).toBe(false);
    const { near, far } = await pair();
    far.write("early");
    await once(near, "readable");
    expect(readInPlace(near, () => {}, newTurn())).toBe(false);
  });

  it("lets timers have their turn while more comes than can be read, and reads all of it in the end", async () => {
    const pairs = await Promise.all(Array.from({ length: 30 }, pair));
    const turn = newTurn();
    const sent = 600_000;
    let came = 0;
    for (const { near } of pairs) {
      near.resume();
      readInPlace(
        near,
        (chunk) => {
          came += chunk.byteLength;
          const until = performance.now() + 4;
          while (performance.now() < until);
        },
        turn,
      );
    }
    const paused = pairs[0]?.near;
    const turns: number[] = [];
    const ticking = setInterval(() => turns.push(performance.now()), 1);
    for (const { far } of pairs) far.write(Buffer.alloc(sent));
    await pause(60);
    paused?.pause();
    const cameBefore = paused?.bytesRead;
    await expect.poll(() => came, { timeout: 20_000 }).toBe(29 * sent + (cameBefore ?? 0));
    clearInterval(ticking);
    expect(paused?.bytesRead).toBe(cameBefore);
    const longest = Math.max(...turns.slice(1).map((at, index) => at - (turns[index] ?? at)));
    expect(longest).toBeLessThan(500);
    paused?.resume();
    await expect.poll(() => came).toBe(30 * sent);
  });
});

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { readInPlace } from "../../examples/server/connection/read-in-place.js";

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

describe("a socket that reads into memory of all sockets", () => {
  it("brings everything in order, waits while it is paused, and ends", async () => {
    const { near, far } = await pair();
    const came: Buffer[] = [];
    near.on("data", () => came.push(Buffer.from("data")));
    // Should a newer Node.js keep such a buffer in another way, this says so; the server would work on, slower.
    expect(readInPlace(near, (chunk) => came.push(Buffer.from(chunk)))).toBe(true);
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
    const came = pairs.map(({ near }) => {
      const chunks: Buffer[] = [];
      near.resume();
      readInPlace(near, (chunk) => chunks.push(Buffer.from(chunk)));
      return chunks;
    });
    const sent = pairs.map(() => randomBytes(200_000));
    for (const [index, { far }] of pairs.entries()) far.write(sent[index] ?? "");
    await expect.poll(() => came.map((chunks) => Buffer.concat(chunks).byteLength)).toEqual(sent.map(() => 200_000));
    expect(came.map((chunks) => Buffer.concat(chunks))).toEqual(sent);
  });

  it("is not made of what is no plain socket, or has something to read already", async () => {
    expect(readInPlace(new PassThrough(), () => {})).toBe(false);
    const { near, far } = await pair();
    far.write("early");
    await once(near, "readable");
    expect(readInPlace(near, () => {})).toBe(false);
  });
});

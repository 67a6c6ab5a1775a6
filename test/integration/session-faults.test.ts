import { encodeAudioFrame, type WireAudioFrame } from "loquilex/protocol";
import { describe, expect, it, vi } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { isProcessAlive } from "../support/process-alive.js";
import { RawClient } from "../support/raw-client.js";
import { expectEverythingOnDisk } from "../support/server-disk.js";

const RATE = 48_000;
/** Each is a valid packet by its header; the last one makes libopus, as WebAssembly, divide by zero. */
const DEADLY = ["d400007b8ad98273000087b42c0000c3ccff7000000000", "380000", `98${"00".repeat(14)}`].map((hex) =>
  Uint8Array.from(Buffer.from(hex, "hex")),
);

async function openOpus(backend: BackendProcess, channels = 2, sampleRate = RATE): Promise<RawClient> {
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello({ audio: { encoding: "opus", sample_rate: sampleRate, channels, first: 0, next: 0 } });
  await client.until("session.new");
  return client;
}

const put = (client: RawClient, frame: WireAudioFrame): void => client.socket.send(encodeAudioFrame(frame));

/** Runs `disturb` while somebody else's stream goes on, which must not notice. */
async function besideAHealthyStream(backend: BackendProcess, disturb: () => Promise<void>): Promise<void> {
  await using healthy = await NodeStream.start(backend.webSocketUrl);
  await healthy.captured(300);
  await disturb();
  await healthy.captured(healthy.source.samplesCaptured / 16 + 300);
  await healthy.close();
  expect(healthy.sockets).toHaveLength(1);
  await expectEverythingOnDisk(backend, healthy);
  expect(isProcessAlive(backend.pid)).toBe(true);
}

describe("Opus packets that the decoder cannot survive", () => {
  // Found by feeding the reference backend generated packets, field report 99.
  it("cost their session the connection, with code 4400 and a reason, and nobody else anything", async () => {
    await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    await besideAHealthyStream(backend, async () => {
      const client = await openOpus(backend);
      for (const [position, payload] of DEADLY.entries()) put(client, { flags: 0, position, sampleCount: 1, payload });
      expect(await client.untilClosed()).toEqual({ code: 4400, reason: "The Opus packet cannot be decoded." });
      expect(client.messages("server.error")[0]?.data.code).toBe("invalid_message");
      // They are decoded as well by a decoder that they have waited for.
      const early = await RawClient.connect(backend.webSocketUrl);
      early.hello({ audio: { encoding: "opus", sample_rate: RATE, channels: 2, first: 0, next: 0 } });
      for (const [position, payload] of DEADLY.entries()) put(early, { flags: 0, position, sampleCount: 1, payload });
      expect((await early.untilClosed()).code).toBe(4400);
    });
  });

  // Field report 99: other packets do it as well.
  it("may be any of thousands: whatever is made of them, the server goes on", { timeout: 120_000 }, async () => {
    await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    let seed = 99;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const mutate = (packet: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
      const length = Math.max(2, random(4) === 0 ? random(120) : packet.byteLength);
      const mutant = new Uint8Array(length);
      mutant.set(packet.subarray(0, length));
      for (let count = random(6); count > 0; count -= 1) mutant[1 + random(length - 1)] = random(256);
      // One frame each, in any of the codecs and durations that may be sent.
      if (random(3) === 0) mutant[0] = ((random(30) + 2) << 2) << 1;
      return mutant;
    };
    await besideAHealthyStream(backend, async () => {
      let sent = 0;
      const codes = new Set<number>();
      while (sent < 4_000) {
        const client = await openOpus(backend, 1 + random(2), [8_000, 16_000, 48_000][random(3)]);
        for (let position = 0; position < 200 && client.closed === undefined; position += 1) {
          const payload = mutate(DEADLY[random(DEADLY.length)] ?? new Uint8Array(2));
          put(client, { flags: random(20) === 0 ? 8 : 0, position, sampleCount: 1, payload });
          sent += 1;
          if (position % 50 === 0) await new Promise(setImmediate);
        }
        client.socket.close(1000);
        codes.add((await client.untilClosed()).code);
      }
      expect(Array.from(codes).filter((code) => code !== 4400 && code !== 1000 && code !== 1005)).toEqual([]);
    });
  });
});

// Field report 99: an unexpected error in one session's work ended the process.
describe.each([
  ["a timer", "timer"],
  ["a promise", "promise"],
  ["an event", "event"],
])("an error that nothing expected, in %s of one session", (_, way) => {
  it("ends that session with 1011, keeps what it had, and goes on for everybody else", async () => {
    await using backend = await BackendProcess.start({
      env: { LX_ENGINE: "command", LX_ENGINE_COMMAND: "cat >/dev/null", TEST_FAULT: way },
      imports: ["./test/support/faulty-children.ts"],
    });
    const victim = await RawClient.connect(backend.webSocketUrl);
    victim.hello();
    await victim.until("session.new");
    for (let position = 0; position < 16_000; position += 320) victim.sendFrame(position);
    expect((await victim.untilClosed()).code).toBe(1011);
    await besideAHealthyStream(backend, async () => {});
    expect(await backend.files(".part")).toEqual([]);
    expect(backend.log).toContain("Something failed in a way that nothing expected.");
    expect(await backend.stop()).toBe(0);
  });
});

// Field report 99: what belongs to no client still ends the process, but not by losing everybody's audio.
it("an error that is nobody's finishes the recordings before it ends the process", async () => {
  const fail = 'process.on("SIGWINCH", () => setTimeout(() => { throw new Error("It was nobody."); }));';
  await using backend = await BackendProcess.start({
    env: { LX_ENGINE: "segmenter" },
    imports: [`data:text/javascript,${encodeURIComponent(fail)}`],
  });
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello();
  await client.until("session.new");
  client.sendFrame(0, 16_000);
  await client.untilAcknowledged(16_000);
  backend.signal("SIGWINCH");
  expect((await client.untilClosed()).code).toBe(1012);
  await vi.waitFor(() => expect(isProcessAlive(backend.pid)).toBe(false), { timeout: 10_000 });
  expect(await backend.stop()).toBe(1);
  expect(await backend.files(".part")).toEqual([]);
  expect(await backend.files(".wav")).toHaveLength(1);
});

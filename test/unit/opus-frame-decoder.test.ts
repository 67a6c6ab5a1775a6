import type { WireAudioFrame } from "loquilex/protocol";
import { ShapeError } from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { describe, expect, it } from "vitest";
import { OpusFrameDecoder } from "../../examples/server/recording/opus/opus-frame-decoder.js";
import { OpusThreads } from "../../examples/server/recording/opus/opus-threads.js";
import { SWEEP_RATE, sweepFrames } from "../support/opus-sweep.js";
import { testScope } from "../support/test-scope.js";
import { Waiting } from "../support/waiting.js";

function open(channels = 1) {
  const waiting = new Waiting();
  const threads = new OpusThreads({ clock: systemClock, scope: testScope(), maxThreads: 1 });
  const decoder = new OpusFrameDecoder({
    ...{ offer: { sample_rate: SWEEP_RATE, channels }, threads },
    onReady: () => waiting.changed(),
    onFailed: (error) => waiting.fail(error),
  });
  const decode = async (frame: WireAudioFrame): Promise<Buffer> => {
    if (!decoder.prepare(frame)) await waiting.until(() => decoder.prepare(frame));
    return Buffer.from(decoder.decode(frame).payload);
  };
  return { decoder, decode };
}

/** They end in the middle of the sound, so that a decoder remembers some of it. */
const FRAMES = sweepFrames().slice(0, 10);
const [FIRST] = FRAMES as [WireAudioFrame];

describe("the decoder of a session's Opus packets", () => {
  it("begins anew where the client's encoder did: nothing of what came before is heard", async () => {
    const { decode } = open();
    const first: Buffer[] = [];
    for (const frame of FRAMES) first.push(await decode(frame));
    const again: Buffer[] = [];
    for (const frame of FRAMES) again.push(await decode(frame));
    expect(Buffer.compare(Buffer.concat(again), Buffer.concat(first))).toBe(0);
    // Without the flag the same packet is heard as what follows, which is something else.
    const joined = await decode({ ...FIRST, flags: 0 });
    expect(Buffer.compare(joined, first[0] ?? Buffer.alloc(0))).not.toBe(0);
  });

  it("takes a frame when a thread has decoded it, and meanwhile no other", async () => {
    const { decoder, decode } = open();
    expect(decoder.prepare(FIRST)).toBe(false);
    expect(decoder.prepare(FRAMES[1] ?? FIRST)).toBe(false);
    const first = await decode(FIRST);
    expect(first.byteLength).toBe(2 * FIRST.sampleCount);
    expect(decoder.prepare(FRAMES[1] ?? FIRST)).toBe(false);
  });

  it("gives as many values as there are channels, whatever the packet has", async () => {
    const mono = await open(1).decode(FIRST);
    const stereo = await open(2).decode(FIRST);
    expect(stereo.byteLength).toBe(2 * mono.byteLength);
    for (let at = 0; at < FIRST.sampleCount; at += 1) {
      expect(stereo.readInt16LE(4 * at)).toBe(mono.readInt16LE(2 * at));
      expect(stereo.readInt16LE(4 * at + 2)).toBe(mono.readInt16LE(2 * at));
    }
  });

  it("refuses a frame that claims more than its packet has, and goes on with the next", async () => {
    const { decoder, decode } = open();
    const [expected, following] = [await decode(FIRST), await decode(FRAMES[1] ?? FIRST)];
    await expect(decode({ ...FIRST, sampleCount: 321 })).rejects.toThrow(ShapeError);
    expect(Buffer.compare(await decode(FIRST), expected)).toBe(0);
    expect(() => decoder.decode({ ...(FRAMES[1] ?? FIRST), sampleCount: 321 })).toThrow("must not be said to have 321");
    expect(Buffer.compare(await decode(FRAMES[1] ?? FIRST), following)).toBe(0);
  });
});

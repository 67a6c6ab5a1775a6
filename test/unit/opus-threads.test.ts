import { ShapeError, type WireAudioFrame } from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { describe, expect, it } from "vitest";
import { OpusFrameDecoder } from "../../examples/server/recording/opus/opus-frame-decoder.js";
import { OpusThreads } from "../../examples/server/recording/opus/opus-threads.js";
import { testScope } from "../support/test-scope.js";
import { DEADLY, ENDLESS } from "../support/threads/fragile-opus.js";
import { Waiting } from "../support/waiting.js";

const MODULE = new URL("../support/threads/fragile-opus.ts", import.meta.url);

/** 20 ms at 16 kHz in one packet, of which the second byte says what the thread does with it. */
const frame = (position: number, kind = 0): WireAudioFrame => ({
  ...{ flags: 0, position, sampleCount: 320 },
  payload: Uint8Array.from([0x48, kind, 0, 0]),
});

/** Streams that share one thread. */
function room() {
  const scope = testScope();
  const threads = new OpusThreads({ clock: systemClock, scope, module: MODULE, maxThreads: 1, lookMs: 500 });
  const open = () => {
    const waiting = new Waiting();
    const decoder = new OpusFrameDecoder({
      ...{ offer: { sample_rate: 16_000, channels: 1 }, threads },
      onReady: () => waiting.changed(),
      onFailed: (error) => waiting.fail(error),
    });
    const decode = async (given: WireAudioFrame): Promise<number> => {
      await waiting.until(() => decoder.prepare(given));
      return decoder.decode(given).payload.byteLength;
    };
    return { decoder, decode };
  };
  return { open };
}

describe("a thread that decodes for several streams", () => {
  it.each([
    ["dies", DEADLY],
    ["never comes to an end", ENDLESS],
  ])(
    "and %s costs the stream it worked for a violation, and the others go on in another one",
    { timeout: 40_000 },
    async (_, kind) => {
      const { open } = room();
      const [attacker, speaker] = [open(), open()];
      expect(await Promise.all([attacker.decode(frame(0)), speaker.decode(frame(0))])).toEqual([640, 640]);
      const attack = attacker.decode(frame(320, kind));
      const following = speaker.decode(frame(320));
      await expect(attack).rejects.toThrow(ShapeError);
      expect(await following).toBe(640);
      expect(await speaker.decode(frame(640))).toBe(640);
      // Whoever did it gets another chance, as after any violation.
      expect(await attacker.decode(frame(320))).toBe(640);
    },
  );

  it("tells a stream nothing any more that has left", async () => {
    const { open } = room();
    const [leaver, speaker] = [open(), open()];
    expect(leaver.decoder.prepare(frame(0))).toBe(false);
    leaver.decoder.dispose();
    expect(await speaker.decode(frame(0))).toBe(640);
    expect(leaver.decoder.prepare(frame(0))).toBe(false);
  });
});

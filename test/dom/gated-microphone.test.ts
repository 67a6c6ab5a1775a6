import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ImportedGate } from "../../src/capture/gate.js";
import { voiceGate } from "../../src/gate/voice-gate.js";
import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";
import { Rng } from "../simulation/rng.js";
import { BUILT_IN } from "../support/fake-audio.js";
import { type GatedScene, type Played, playGated, RATE, wasSent } from "../support/gated-microphone.js";
import { settle } from "../support/observed-stream.js";

/** Drawn by chance; each is played twice. */
const RANDOM_SCENES = 15;

beforeAll(async () => {
  await (voiceGate() as ImportedGate).module.code.load();
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

const typesOf = ({ events }: Played): string[] => events.map(({ type }) => type);
const ONCE = ["speechstart", "speechend"];

/** Each stretch between a `speechstart` and its `speechend`. */
const speechOf = ({ events }: Played): [number, number][] =>
  events.flatMap(({ position }, index) => (index % 2 === 0 ? [[position, events[index + 1]?.position ?? 0]] : []));

describe("a microphone with a gate", () => {
  it("sends what is said, and of the rest no sample", async () => {
    const { gated } = await playGated(async (scene) => {
      await scene.speak(1);
      await scene.silence(3);
      await scene.speak(1);
      await scene.silence(3);
    });
    expect(typesOf(gated)).toEqual([...ONCE, ...ONCE]);
    expect(wasSent(gated.frames, RATE, 2 * RATE)).toBe(true);
    expect(wasSent(gated.frames, 5 * RATE, 6 * RATE)).toBe(true);
    expect(gated.stats.withheldDurationMs).toBeGreaterThan(3_500);
  });

  it("sends nothing while it is muted, says all the same when somebody speaks, and goes on in the middle of a word", async () => {
    const { gated, whole } = await playGated(async (scene) => {
      await scene.silence(1);
      await scene.speak(1);
      scene.stream.muted = true;
      await scene.speak(1);
      scene.stream.muted = false;
      await scene.speak(1);
      await scene.silence(2);
    });
    expect(typesOf(gated)).toEqual(ONCE);
    expect(whole.frames.filter(({ flags }) => (flags & AudioFrameFlag.muted) !== 0).length).toBeGreaterThan(45);
    expect(gated.frames.filter(({ flags }) => (flags & AudioFrameFlag.muted) !== 0)).toEqual([]);
    expect(wasSent(gated.frames, 2 * RATE, 2.9 * RATE)).toBe(true);
    expect(gated.frames.filter(({ position }) => position > 3.1 * RATE && position < 3.9 * RATE)).toEqual([]);
    expect(wasSent(gated.frames, 4.1 * RATE, 5 * RATE)).toBe(true);
  });

  it.each([
    { what: "in silence", speaks: false, releaseDevice: false },
    { what: "in the middle of a word", speaks: true, releaseDevice: false },
    { what: "in the middle of a word, without the device", speaks: true, releaseDevice: true },
  ])("pauses $what, and positions do not count the pause", async ({ speaks, releaseDevice }) => {
    const { gated } = await playGated(async (scene) => {
      await scene.silence(2);
      if (speaks) await scene.speak(1);
      const pausing = scene.stream.pause({ releaseDevice });
      await settle();
      await pausing;
      await scene.speak(2);
      const resuming = scene.stream.resume();
      await settle();
      await resuming;
      await scene.silence(2);
      await scene.speak(1);
      await scene.silence(2);
    });
    expect(typesOf(gated)).toEqual(speaks ? [...ONCE, ...ONCE] : ONCE);
    const heardMs = (gated.stats.samplesCaptured * 1_000) / RATE;
    expect(Math.abs(heardMs - (speaks ? 9_000 : 8_000))).toBeLessThan(200);
    if (speaks) expect(wasSent(gated.frames, 3 * RATE, 3.95 * RATE)).toBe(true);
  });

  it.each([false, true])("changes its device (in the middle of a word: %s)", async (speaks) => {
    const { gated } = await playGated(async (scene) => {
      await scene.silence(2);
      if (speaks) await scene.speak(1);
      const changing = scene.stream.setDevice(BUILT_IN.deviceId);
      await settle();
      await changing;
      if (speaks) await scene.speak(1);
      await scene.silence(2);
      await scene.speak(1);
      await scene.silence(2);
    });
    expect(typesOf(gated).length).toBeGreaterThanOrEqual(speaks ? 4 : 2);
    for (const [from, to] of speechOf(gated)) expect(wasSent(gated.frames, from, to)).toBe(true);
  });

  it("is without a device for a while: the time counts, and speech is over", async () => {
    const { gated } = await playGated(async (scene) => {
      await scene.silence(1);
      await scene.speak(1);
      const { devices } = scene.fake;
      scene.fake.answer = new DOMException("None.", "NotFoundError");
      scene.fake.plug();
      await scene.silence(4);
      scene.fake.answer = "grant";
      scene.fake.plug(...devices);
      await scene.silence(2);
      await scene.speak(1);
      await scene.silence(2);
    });
    expect(typesOf(gated)).toEqual([...ONCE, ...ONCE]);
    expect(gated.stats.captureGapCount).toBe(1);
    const [, [second = 0] = []] = speechOf(gated);
    expect(Math.abs(second - 9 * RATE)).toBeLessThan(0.2 * RATE);
    expect(gated.events[1]?.position).toBeLessThan(3.1 * RATE);
  });

  it.each([false, true])(
    "loses its connection in a word and in silence, and sends everything once (the server forgets: %s)",
    async (forgetful) => {
      const { gated } = await playGated(async (scene) => {
        scene.transport.forgetful = forgetful;
        await scene.silence(1);
        await scene.speak(0.5);
        scene.transport.last.lose();
        await scene.speak(0.5);
        await scene.silence(4);
        scene.transport.last.lose();
        await scene.silence(4);
        await scene.speak(1);
        await scene.silence(3);
      });
      expect(typesOf(gated)).toEqual([...ONCE, ...ONCE]);
      expect(wasSent(gated.frames, 2 * RATE, 3 * RATE)).toBe(true);
      expect(wasSent(gated.frames, 11 * RATE, 12 * RATE)).toBe(true);
      expect(gated.stats.withheldDurationMs).toBeGreaterThan(7_000);
    },
  );
});

/** One thing that may happen, as often as it likes. */
const STEPS: Readonly<Record<string, (scene: GatedScene, rng: Rng) => Promise<void>>> = {
  speak: (scene, rng) => scene.speak(rng.whole(1, 15) / 10),
  silence: (scene, rng) => scene.silence(rng.whole(1, 25) / 10),
  mute: async ({ stream }) => {
    stream.muted = !stream.muted;
  },
  pause: async ({ stream }, rng) => void stream.pause({ releaseDevice: rng.chance(0.3) }).catch(() => {}),
  resume: async ({ stream }) => void stream.resume().catch(() => {}),
  flush: async ({ stream }) => void stream.flush().catch(() => {}),
  cut: async ({ transport }) => transport.last.lose(),
  settle: () => settle(),
};

/** Speech is as likely as all the rest. */
const CHOICE = [...Object.keys(STEPS), "speak", "silence", "speak", "silence"];

describe("a microphone with a gate that is called in any order", () => {
  it.each(Array.from({ length: RANDOM_SCENES }, (_, index) => index + 1))(
    "sends or withholds each sample once, at its place (seed %i)",
    async (seed) => {
      await playGated(async (scene) => {
        const rng = new Rng(seed);
        for (let count = 0; count < 20; count += 1) await STEPS[rng.pick(CHOICE)]?.(scene, rng);
        void scene.stream.resume().catch(() => {});
        scene.stream.muted = false;
        await settle();
        await scene.silence(1);
      });
    },
  );
});

import { describe, expect, it } from "vitest";
import { VoiceRing } from "../../src/playback/player/voice-ring.js";

const ring = (channels = 1) => new VoiceRing({ channels, capacity: 1_000, cushion: 100 });
const samples = (count: number, from = 1): Int16Array => Int16Array.from({ length: count }, (_, n) => from + n);

function render(voice: VoiceRing, channels = 1, length = 64): number[][] {
  const outputs = Array.from({ length: channels }, () => new Float32Array(length).fill(Number.NaN));
  voice.render(outputs);
  return outputs.map((output) => Array.from(output, (sample) => Math.round(sample * 32_768)));
}

describe("the player's memory", () => {
  it("waits for a cushion, and gives out what came, in order and once", () => {
    const voice = ring();
    voice.take(samples(80));
    expect(render(voice)[0]?.every((sample) => sample === 0)).toBe(true);
    voice.take(samples(80, 81));
    expect([render(voice), render(voice), render(voice)].flat(2).filter(Boolean)).toEqual([...samples(160)]);
    expect(voice.heard).toBe(160);
  });

  it("plays what has ended without a cushion, and calls the silence after it meant", () => {
    const voice = ring();
    voice.take(samples(10));
    voice.end();
    expect(render(voice)[0]?.slice(0, 11)).toEqual([...samples(10), 0]);
    expect([voice.activity, voice.underruns]).toEqual(["idle", 0]);
  });

  it("counts an underrun once, and waits for a cushion again", () => {
    const voice = ring();
    voice.take(samples(100));
    render(voice);
    render(voice);
    expect([voice.activity, voice.underruns]).toEqual(["waiting", 1]);
    voice.take(samples(50, 101));
    expect(render(voice)[0]?.every((sample) => sample === 0)).toBe(true);
    voice.take(samples(50, 151));
    expect(render(voice)[0]?.[0]).toBe(101);
    expect(voice.underruns).toBe(1);
  });

  it("is silent from the next quantum after an interruption until that is answered", () => {
    const voice = ring();
    voice.take(samples(500));
    render(voice);
    expect(voice.interrupt()).toBe(64);
    voice.take(samples(200, 501));
    voice.end();
    expect(render(voice)[0]?.every((sample) => sample === 0)).toBe(true);
    voice.start(700, 1);
    voice.take(samples(200, 7_000));
    expect(render(voice)[0]?.[0]).toBe(7_000);
    expect(voice.heard).toBe(764);
  });

  it("takes nothing for which there is no room", () => {
    const voice = ring();
    voice.take(samples(900));
    voice.take(samples(101, 901));
    expect(voice.buffered).toBe(900);
  });

  it("goes round, with two channels, and gives one channel to all outputs", () => {
    const stereo = ring(2);
    for (let round = 0; round < 30; round += 1) {
      stereo.take(samples(256, 1 + round * 256));
      const [left, right] = render(stereo, 2, 128);
      expect(left?.[127]).toBe(round * 256 + 255);
      expect(right?.[127]).toBe(round * 256 + 256);
    }
    const mono = ring();
    mono.take(samples(100));
    const [left, right] = render(mono, 2);
    expect(left).toEqual(right);
  });
});

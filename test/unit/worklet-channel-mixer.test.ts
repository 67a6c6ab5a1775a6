import { describe, expect, it } from "vitest";
import { ChannelMixer } from "../../src/worklet/channel-mixer.js";
import { decibels, rms, sine } from "../support/signals.js";

const QUANTUM = 128;

function mixAll(mixer: ChannelMixer, channels: readonly Float32Array[]): Float32Array {
  const length = channels[0]?.length ?? 0;
  const mixed = new Float32Array(length);
  for (let at = 0; at + QUANTUM <= length; at += QUANTUM) {
    const output = mixed.subarray(at, at + QUANTUM);
    mixer.mix(
      channels.map((channel) => channel.subarray(at, at + QUANTUM)),
      QUANTUM,
      output,
    );
  }
  return mixed;
}

const LENGTH = 480 * QUANTUM;
const voice = sine(300, 48_000, LENGTH, 0.5);
const silence = new Float32Array(LENGTH);
const scaled = (samples: Float32Array, factor: number) => samples.map((sample) => sample * factor);

// mattdiamond/Recorderjs#115: a microphone on one side of a stereo interface.
describe("the channel mixer", () => {
  it("copies a single channel exactly", () => {
    expect(mixAll(new ChannelMixer(), [voice])).toEqual(voice);
  });

  it("takes the mean of channels that both carry sound", () => {
    const other = scaled(voice, 0.5);
    expect(mixAll(new ChannelMixer(), [voice, other])).toEqual(voice.map((left, n) => (left + (other[n] ?? 0)) / 2));
  });

  it.each([
    { name: "left", channels: [voice, silence] },
    { name: "right", channels: [silence, voice] },
    { name: "left, with noise 60 dB below on the other", channels: [voice, scaled(sine(99, 48_000, LENGTH), 0.0005)] },
  ])("keeps the level of a voice that is only on the $name", ({ channels }) => {
    const mixed = mixAll(new ChannelMixer(), channels);
    expect(Math.abs(decibels(rms(mixed) / rms(voice)))).toBeLessThan(0.05);
  });

  it("keeps a one-sided voice's level over seconds of pause in which both sides carry the same noise", () => {
    const mixer = new ChannelMixer();
    const hum = sine(50, 48_000, 4 * LENGTH, 0.008);
    mixAll(mixer, [voice, scaled(voice, 0.0001)]);
    mixAll(mixer, [hum, hum]);
    const mixed = mixAll(mixer, [voice, scaled(voice, 0.0001)]);
    expect(Math.abs(decibels(rms(mixed.subarray(0, 960)) / rms(voice.subarray(0, 960))))).toBeLessThan(0.05);
  });

  it("lets a channel in again once it carries sound, without a click", () => {
    const mixer = new ChannelMixer();
    const constant = new Float32Array(LENGTH).fill(0.5);
    mixAll(mixer, [constant, silence]);
    const mixed = mixAll(mixer, [constant, scaled(constant, -1)]);
    expect(rms(mixed.subarray(-QUANTUM))).toBeLessThan(0.001);
    for (let n = 1; n < mixed.length; n += 1) {
      expect(Math.abs((mixed[n] ?? 0) - (mixed[n - 1] ?? 0))).toBeLessThan(0.001);
    }
  });

  it("decides nothing while all is quiet", () => {
    const whisper = scaled(voice, 0.001);
    expect(rms(mixAll(new ChannelMixer(), [whisper, silence]))).toBeCloseTo(rms(whisper) / 2, 6);
  });

  it("starts anew when the number of channels changes", () => {
    const mixer = new ChannelMixer();
    mixAll(mixer, [voice, silence]);
    const third = [scaled(voice, 0.3), scaled(voice, 0.3), scaled(voice, 0.3)];
    expect(rms(mixAll(mixer, third))).toBeCloseTo(0.3 * rms(voice), 5);
  });

  it("is not deafened by samples that are not finite", () => {
    const mixer = new ChannelMixer();
    const bad = voice.slice();
    bad[5] = Infinity;
    bad[6] = NaN;
    mixAll(mixer, [silence, bad]);
    const mixed = mixAll(mixer, [silence, voice]);
    expect(rms(mixed)).toBeCloseTo(rms(voice), 4);
  });
});

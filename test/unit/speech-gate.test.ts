import { describe, expect, it } from "vitest";
import { SpeechGate } from "../../src/worklet/gate/speech-gate.js";
import type { GateTerms, ProcessorFrame } from "../../src/worklet/port-messages.js";
import { joined, room, voice } from "../support/room-and-voice.js";
import { noise } from "../support/signals.js";
import { SPEECH_RATE, speechInNoise } from "../support/speech-in-noise.js";

const TERMS: GateTerms = { withholds: true, preRollMs: 150, hangoverMs: 700, thresholdDb: 6 };
const FRAME = 320;
const SECOND = SPEECH_RATE;

/** A gate, and what it lets through. */
class Rig {
  readonly frames: ProcessorFrame[] = [];
  readonly gate: SpeechGate;
  position = 0;
  readonly #channels: number;

  constructor({
    sampleRate = SPEECH_RATE,
    channels = 1,
    ...terms
  }: Partial<GateTerms> & { sampleRate?: number; channels?: number } = {}) {
    this.#channels = channels;
    this.gate = new SpeechGate({ ...TERMS, ...terms }, sampleRate, channels, (frame) => this.frames.push(frame));
  }

  /** @param values interleaved. */
  feed(values: Float32Array, frameSamples = FRAME): this {
    const count = values.length / this.#channels;
    for (let at = 0; at < count; at += frameSamples) {
      const sampleCount = Math.min(frameSamples, count - at);
      const part = values.slice(at * this.#channels, (at + sampleCount) * this.#channels);
      const frame = { position: this.position, sampleCount, contextTime: 0, rms: 0, peak: 0 };
      this.gate.take({ type: "frame", payload: new ArrayBuffer(2 * part.length), ...frame }, part);
      this.position += sampleCount;
    }
    return this;
  }

  /** The stretches that went through with their samples. */
  get sent(): { from: number; to: number }[] {
    const all: { from: number; to: number }[] = [];
    for (const { payload, position, sampleCount } of this.frames) {
      if (payload.byteLength === 0) continue;
      const last = all.at(-1);
      if (last?.to === position) last.to += sampleCount;
      else all.push({ from: position, to: position + sampleCount });
    }
    return all;
  }

  /** Each change of who speaks, and where it was. */
  get changes(): [boolean, number][] {
    const all: [boolean, number][] = [];
    for (const { voice, position } of this.frames) {
      if (voice !== undefined && voice.speaking !== (all.at(-1)?.[0] ?? false))
        all.push([voice.speaking, position + voice.since]);
    }
    return all;
  }

  /** Every sample goes on, once and in order, whether it is sent or not. */
  expectComplete(): void {
    let next = 0;
    for (const { position, sampleCount } of this.frames) {
      expect(position).toBe(next);
      next += sampleCount;
    }
    expect(next).toBe(this.position);
  }
}

describe("speech over noise", () => {
  it.each([30, 20, 10])(
    "at %s dB goes through whole, from before it until after it, and the noise between does not",
    async (snrDb) => {
      const { samples, phrases } = await speechInNoise(snrDb);
      const rig = new Rig().feed(samples);
      rig.gate.obey("stop");
      rig.expectComplete();
      const [first, ...others] = rig.sent;
      expect(first).toEqual({ from: 0, to: SECOND / 2 });
      expect(others).toHaveLength(phrases.length);
      for (const [index, { from, to }] of phrases.entries()) {
        expect(others[index]?.from).toBeLessThanOrEqual(from);
        expect(others[index]?.from).toBeGreaterThan(from - 0.3 * SECOND);
        expect(others[index]?.to).toBeGreaterThanOrEqual(to);
        expect(others[index]?.to).toBeLessThan(to + 0.8 * SECOND);
      }
      expect(rig.changes.map(([speaking]) => speaking)).toEqual([true, false, true, false]);
      for (const [index, { from, to }] of phrases.entries()) {
        expect(Math.abs((rig.changes[2 * index]?.[1] ?? 0) - from)).toBeLessThan(0.15 * SECOND);
        expect(Math.abs((rig.changes[2 * index + 1]?.[1] ?? 0) - to)).toBeLessThan(0.15 * SECOND);
      }
    },
  );

  it("is told in the same places if nothing is withheld, and everything goes through at once", async () => {
    const { samples } = await speechInNoise(20);
    const [withholding, telling] = [new Rig().feed(samples), new Rig({ withholds: false })];
    for (let at = 0; at < samples.length; at += FRAME) {
      telling.feed(samples.subarray(at, at + FRAME));
      expect(telling.frames.length).toBe(at / FRAME + 1);
    }
    expect(telling.sent).toEqual([{ from: 0, to: samples.length }]);
    expect(telling.changes).toEqual(withholding.changes);
  });

  it.each([8_000, 11_025, 16_000, 22_050, 44_100, 48_000])(
    "is found at %s Hz, and whatever the length of frames",
    (sampleRate) => {
      for (const frameMs of [5, 20, 200]) {
        const rig = new Rig({ sampleRate });
        const speech = voice(sampleRate, sampleRate);
        rig.feed(
          joined(room(2 * sampleRate), speech, room(2 * sampleRate, 0.002, 9)),
          Math.round((frameMs * sampleRate) / 1_000),
        );
        expect(
          rig.changes.map(([speaking]) => speaking),
          `${sampleRate} Hz, ${frameMs} ms`,
        ).toEqual([true, false]);
        expect(Math.abs((rig.changes[0]?.[1] ?? 0) - 2 * sampleRate)).toBeLessThan(0.05 * sampleRate);
        expect(Math.abs((rig.changes[1]?.[1] ?? 0) - 3 * sampleRate)).toBeLessThan(0.1 * sampleRate);
      }
    },
  );

  it("in one of two channels counts", () => {
    const mono = joined(room(2 * SECOND), voice(SECOND), room(2 * SECOND, 0.002, 9));
    const other = room(mono.length, 0.05, 3);
    const stereo = Float32Array.from(
      { length: 2 * mono.length },
      (_, index) => (index % 2 === 0 ? other[index >> 1] : mono[index >> 1]) ?? 0,
    );
    expect(new Rig({ channels: 2 }).feed(stereo).changes.map(([speaking]) => speaking)).toEqual([true, false]);
  });
});

describe("what is no speech", () => {
  it("is a click, or a knock shorter than a syllable", () => {
    const samples = room(4 * SECOND);
    for (const at of [2 * SECOND, 3 * SECOND])
      samples.set(
        noise(0.02 * SECOND, 3).map((value) => 0.5 * value),
        at,
      );
    expect(new Rig().feed(samples).changes).toEqual([]);
  });

  it("is a fan that is switched on, after two or three seconds", () => {
    const rig = new Rig().feed(joined(room(3 * SECOND), room(8 * SECOND, 0.02)));
    expect(rig.changes.map(([speaking]) => speaking)).toEqual([true, false]);
    expect(rig.sent.at(-1)?.to).toBeLessThan(7 * SECOND);
  });

  it("is digital silence, and what is no number harms nothing", () => {
    const samples = joined(new Float32Array(2 * SECOND), new Float32Array(SECOND).fill(Number.NaN), voice(SECOND));
    expect(new Rig().feed(samples).changes.map(([speaking]) => speaking)).toEqual([true]);
  });

  it("is a noise by which a voice is still heard: the background follows", () => {
    const loud = room(6 * SECOND, 0.02);
    const spoken = voice(SECOND);
    for (const [index, value] of spoken.entries()) loud[4 * SECOND + index] = (loud[4 * SECOND + index] ?? 0) + value;
    const rig = new Rig().feed(joined(room(2 * SECOND), loud));
    expect(
      rig.changes.filter(([speaking, since]) => speaking && since > 5.9 * SECOND && since < 6.1 * SECOND),
    ).toHaveLength(1);
  });
});

describe("the moment before speech", () => {
  it.each([0, 150, 500])("is %s ms long, in whole frames", (preRollMs) => {
    const rig = new Rig({ preRollMs }).feed(joined(room(3 * SECOND), voice(SECOND)));
    const [, since = 0] = rig.changes[0] ?? [];
    const lead = since - (rig.sent[1]?.from ?? 0);
    expect(lead).toBeGreaterThanOrEqual((preRollMs * SECOND) / 1_000);
    expect(lead).toBeLessThan((preRollMs * SECOND) / 1_000 + FRAME);
  });

  it("is held no longer than it may be needed", () => {
    const rig = new Rig({ preRollMs: 500 });
    rig.feed(room(5 * SECOND));
    expect(rig.position - (rig.gate.heldFrom ?? 0)).toBeLessThanOrEqual(0.57 * SECOND + FRAME);
  });
});

describe("a command", () => {
  /** The first 30 ms of a word have been heard. */
  const beginning = () => new Rig().feed(joined(room(2 * SECOND), voice(0.03 * SECOND)), 160);

  it.each(["pause", "stop", "flush"] as const)("%s lets the beginning of a word through", (command) => {
    const rig = beginning();
    expect(rig.changes).toEqual([]);
    rig.gate.obey(command);
    rig.expectComplete();
    expect(rig.sent.at(-1)?.to).toBe(rig.position);
    expect(rig.sent.at(-1)?.from).toBeLessThan(2 * SECOND - 0.14 * SECOND);
  });

  it.each(["pause", "stop"] as const)("%s gives up what is held, without samples", (command) => {
    const rig = new Rig().feed(room(2 * SECOND));
    rig.gate.obey(command);
    rig.expectComplete();
    expect(rig.sent).toEqual([{ from: 0, to: SECOND / 2 }]);
  });

  it("flush keeps what may become the moment before speech", () => {
    const rig = new Rig().feed(room(2 * SECOND));
    rig.gate.obey("flush");
    expect(rig.gate.heldFrom).toBeLessThan(rig.position);
    rig.feed(voice(SECOND));
    expect(rig.sent[1]?.from).toBeLessThan(2 * SECOND - 0.14 * SECOND);
  });

  it("pause in the middle of a word is the end of it", () => {
    const rig = new Rig().feed(joined(room(2 * SECOND), voice(SECOND)));
    rig.gate.obey("pause");
    rig.feed(room(SECOND));
    rig.gate.obey("stop");
    rig.expectComplete();
    expect(rig.changes[1]).toEqual([false, 3 * SECOND]);
  });
});

it("audio that is missing in the middle of a word does not end it", () => {
  const rig = new Rig().feed(joined(room(2 * SECOND), voice(SECOND / 2)));
  rig.position += SECOND / 10;
  rig.feed(voice(SECOND / 2));
  expect(rig.changes.map(([speaking]) => speaking)).toEqual([true]);
});

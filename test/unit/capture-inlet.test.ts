import { beforeEach, describe, expect, it } from "vitest";
import { CaptureInlet } from "../../src/capture/inlet/capture-inlet.js";
import type { ProcessorFrame } from "../../src/worklet/port-messages.js";

let placed: [position: number, timestamp: number][];
let inlet: CaptureInlet;

beforeEach(() => {
  placed = [];
  inlet = new CaptureInlet(16_000, ({ position, timestamp }) => placed.push([position, Math.round(timestamp)]));
});

const frame = (index: number, contextTime = index * 0.02): ProcessorFrame => ({
  type: "frame",
  payload: new ArrayBuffer(640),
  position: index * 320,
  sampleCount: 320,
  contextTime,
  peak: 0,
  rms: 0,
});

describe("frames of the audio thread", () => {
  it("have the time of the page's clock", () => {
    const processor = inlet.begin();
    inlet.setClock(processor, 1_000);
    inlet.take(processor, frame(0, 5));
    expect(placed).toEqual([[0, 6_000]]);
  });

  it("go on without a gap, whatever the clock says, until time has passed that was not counted", () => {
    const processor = inlet.begin();
    inlet.take(processor, frame(0));
    inlet.setClock(processor, 1_000);
    inlet.take(processor, frame(1));
    inlet.setClock(processor, 2_000);
    inlet.rebase(processor);
    inlet.take(processor, frame(2));
    expect(placed.map(([position]) => position)).toEqual([0, 320, 640 + 16_000]);
  });

  it("of another processor belong after those of the first, by the time in between", () => {
    const first = inlet.begin();
    inlet.take(first, frame(0));
    inlet.end(first);
    const second = inlet.begin();
    inlet.setClock(second, 500);
    inlet.take(second, frame(0));
    inlet.take(first, frame(1));
    expect(placed).toEqual([
      [0, 0],
      [8_000, 500],
    ]);
  });

  it("take up no time in a pause", () => {
    const processor = inlet.begin();
    inlet.take(processor, frame(0));
    inlet.pause(undefined);
    inlet.setClock(processor, 60_000);
    inlet.rebase(processor);
    inlet.take(processor, frame(1));
    expect(placed.map(([position]) => position)).toEqual([0, 320]);
  });
});

describe("frames that come while the context may stand still", () => {
  it("wait, and belong after the break if there was one", () => {
    const processor = inlet.begin();
    inlet.take(processor, frame(0));
    inlet.hold(processor);
    inlet.take(processor, frame(1));
    expect(placed).toHaveLength(1);
    inlet.rebase(processor);
    inlet.setClock(processor, 3_000);
    inlet.release(processor);
    inlet.take(processor, frame(2));
    expect(placed.map(([position]) => position)).toEqual([0, 320 + 48_000, 640 + 48_000]);
  });

  it("go on if there was none, also those of a processor that ends", () => {
    const processor = inlet.begin();
    inlet.take(processor, frame(0));
    inlet.hold(processor);
    inlet.take(processor, frame(1));
    inlet.release(processor);
    inlet.hold(processor);
    inlet.take(processor, frame(2));
    inlet.end(processor);
    expect(placed.map(([position]) => position)).toEqual([0, 320, 640]);
  });
});

describe("an inlet that goes on for another one", () => {
  it("counts a processor's positions from where the other one had counted them", () => {
    inlet.add(4, 1_000);
    expect(inlet.goOn(4, 960)).toBe(1_960);
    inlet.take(4, frame(3));
    expect(placed.map(([position]) => position)).toEqual([1_960]);
  });

  it("does not know where one belongs that had delivered nothing, and goes by the clock then", () => {
    inlet.restore(3_200, 200);
    inlet.add(5, undefined);
    expect(inlet.goOn(5, 0)).toBeUndefined();
    inlet.setClock(5, 300);
    inlet.take(5, frame(0));
    expect(placed).toEqual([[4_800, 300]]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/internal/clock.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the system's clock", () => {
  it("tells performance.now(), which no change of the computer's date moves", () => {
    const before = systemClock.now();
    expect(before).toBe(performance.now());
    vi.advanceTimersByTime(40);
    expect(systemClock.now() - before).toBeCloseTo(40, 6);
    vi.setSystemTime(0);
    expect(systemClock.now() - before).toBeCloseTo(40, 6);
  });

  it("calls back once after the delay", () => {
    const callback = vi.fn();
    systemClock.schedule(100, callback);
    vi.advanceTimersByTime(99);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it("leaves no timer behind when it is cancelled", () => {
    const callback = vi.fn();
    const cancel = systemClock.schedule(100, callback);
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(callback).not.toHaveBeenCalled();
  });
});

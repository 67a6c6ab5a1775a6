import { vi } from "vitest";

/** Time of a page, which passes as a run wants it. */
export interface PageTime {
  begin(): void;
  pass(durationMs: number): void;
  /** How many timers run. */
  readonly timers: number;
  end(): void;
}

export const PAGE_TIME: PageTime = {
  begin: () => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }),
  pass: (durationMs) => void vi.advanceTimersByTime(durationMs),
  get timers() {
    return vi.getTimerCount();
  },
  end: () => void vi.useRealTimers(),
};

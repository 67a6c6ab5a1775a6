import { describe, expect, it } from "vitest";
import { DropEpisodes } from "../../src/session/audio/drop-episodes.js";

describe("episodes of loss", () => {
  // Field report 98
  it("become one when a loss fills the place between them", () => {
    const episodes = new DropEpisodes();
    episodes.add({ from: 0, to: 100 }, 0);
    episodes.add({ from: 200, to: 300 }, 10);
    episodes.add({ from: 100, to: 200 }, 20);
    expect(episodes.takeAll()).toEqual([{ from: 0, to: 300 }]);
  });

  // Field report 98
  it("report their progress at most once a second, however many there are", () => {
    const episodes = new DropEpisodes();
    episodes.add({ from: 0, to: 100 }, 0);
    episodes.add({ from: 200, to: 300 }, 500);
    expect(episodes.takeProgress(999)).toBeUndefined();
    expect(episodes.takeProgress(1_000)).toEqual({ from: 200, to: 300 });
    episodes.add({ from: 300, to: 400 }, 1_400);
    expect(episodes.takeProgress(1_500)).toBeUndefined();
    expect(episodes.takeProgress(2_000)).toEqual({ from: 200, to: 400 });
  });

  // Field report 98
  it("report the progress of the next loss no sooner because the last one was over", () => {
    const episodes = new DropEpisodes();
    episodes.add({ from: 0, to: 100 }, 0);
    expect(episodes.takeProgress(1_000)).toEqual({ from: 0, to: 100 });
    expect(episodes.takeFinished(1_000)).toEqual([{ from: 0, to: 100 }]);
    episodes.add({ from: 200, to: 300 }, 1_100);
    expect(episodes.nextDue).toBe(2_100);
    expect(episodes.takeProgress(2_099)).toBeUndefined();
  });
});

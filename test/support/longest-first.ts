import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, the longest first. They begin before all others, so that no worker is left alone with one
 * of them at the end.
 */
export const LONGEST: readonly string[] = [
  "simulation/client-mutants.test.ts",
  "simulation/simulation.test.ts",
  "simulation/server-mutants.test.ts",
  "more/long-round-trips.test.ts",
  "integration/server-start.test.ts",
  "integration/shared-folder.test.ts",
  "integration/log-pipe.test.ts",
  "integration/captions-after-restart.test.ts",
  "integration/stream-door.test.ts",
  "integration/resume-window.test.ts",
  "integration/server-restart.test.ts",
  "more/model-downloads.test.ts",
  "integration/npm-start.test.ts",
  "package/package.test.ts",
  "dom/random-calls.test.ts",
  "engines/firefox.test.ts",
  "engines/webkit.test.ts",
];

/** Where a file stands in {@link LONGEST}. */
function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((path) => moduleId.endsWith(`/test/${path}`));
  return rank === -1 ? LONGEST.length : rank;
}

/** Vitest knows how long a file takes from an earlier run only, and a fresh clone has none. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

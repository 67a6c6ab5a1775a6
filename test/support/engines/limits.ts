import type { EngineName } from "./engine-page.js";

/** What an engine does not do here, found by trying. */
export interface EngineLimit {
  readonly engine: EngineName;
  /** The title of the test that does not run. */
  readonly what: string;
  readonly reason: string;
}

/** The run prints it; what is not in it runs everywhere. */
export const LIMITS: readonly EngineLimit[] = [];

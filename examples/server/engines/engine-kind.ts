import type { Clock, Scope } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import type { ServerConfig } from "../start/config.js";
import type { Engine } from "./engine.js";

export interface EngineSurroundings {
  readonly config: ServerConfig;
  readonly clock: Clock;
  /** Owns what all sessions share, such as threads. */
  readonly scope: Scope;
  /** The PATH in which programs are looked for. */
  readonly path: string;
  readonly logger: Log;
}

/** One value of `LX_ENGINE`: what a file in `kinds/` exports as `engineKind`, which is all that a new engine takes. */
export interface EngineKind {
  /** What `LX_ENGINE` is set to. */
  readonly name: string;
  /** What it needs to run, for people: completes "which needs …". */
  readonly needs: string;
  /** Whether that is there. `LX_ENGINE=auto` takes an engine that says so, and never one that cannot say. */
  isThere?(surroundings: EngineSurroundings): Promise<boolean>;
  /** @throws StartError if something that it needs is missing or wrong. */
  create(surroundings: EngineSurroundings): Promise<Engine>;
}

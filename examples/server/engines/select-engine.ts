import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Clock, Scope } from "loquilex/resources";
import type { ServerConfig } from "../start/config.js";
import { StartError } from "../start/start-error.js";
import type { Engine } from "./engine.js";
import { EngineRoster } from "./engine-roster.js";
import { commandEngine, pocketsphinxEngine } from "./subprocess-engine.js";
import { segmenterEngine } from "./thread-engine.js";

const POCKETSPHINX = "pocketsphinx_continuous";

export interface SelectEngineOptions {
  readonly config: Pick<ServerConfig, "engine" | "engineCommand" | "pocketsphinxJsgf" | "maxEngineSessions">;
  readonly clock: Clock;
  /** Owns the threads that all sessions share. */
  readonly scope: Scope;
  /** The PATH in which programs are looked for. */
  readonly path: string;
}

/**
 * The engine that the settings ask for, with the segmenter behind it.
 * @throws StartError when a program or a grammar that was asked for is not there.
 */
export async function selectEngine(options: SelectEngineOptions): Promise<EngineRoster> {
  const segmenter = await segmenterEngine(options.clock, options.scope);
  return new EngineRoster({
    preferred: (await preferredEngine(options)) ?? segmenter,
    fallback: segmenter,
    maxRuns: options.config.maxEngineSessions,
  });
}

/** `undefined` for the segmenter. */
async function preferredEngine({ config, clock, path }: SelectEngineOptions): Promise<Engine | undefined> {
  if (config.engine === "segmenter") return undefined;
  if (config.engine === "command" && config.engineCommand !== undefined) {
    return commandEngine({ shellCommand: config.engineCommand, clock });
  }
  const installed = await isOnPath(POCKETSPHINX, path);
  if (!installed && config.engine === "auto") return undefined;
  if (!installed) {
    throw new StartError(
      `LX_ENGINE is "pocketsphinx", and ${POCKETSPHINX} is not on the PATH; install it (Debian: apt-get install pocketsphinx) or set LX_ENGINE to "segmenter".`,
    );
  }
  const grammarPath = config.pocketsphinxJsgf;
  if (grammarPath !== undefined && !(await isAllowed(grammarPath, constants.R_OK))) {
    throw new StartError(
      `LX_POCKETSPHINX_JSGF is ${JSON.stringify(grammarPath)}, and must be the path of a readable file.`,
    );
  }
  return pocketsphinxEngine({ grammarPath, clock });
}

async function isOnPath(program: string, path: string): Promise<boolean> {
  for (const directory of path.split(delimiter)) {
    if (directory !== "" && (await isAllowed(join(directory, program), constants.X_OK))) return true;
  }
  return false;
}

const isAllowed = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

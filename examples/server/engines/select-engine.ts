import { StartError } from "../start/start-error.js";
import type { EngineKind, EngineSurroundings } from "./engine-kind.js";
import { engineKinds } from "./engine-kinds.js";
import { EngineRoster } from "./engine-roster.js";
import { SEGMENTER } from "./segmenter.js";
import { segmenterEngine } from "./thread-engine.js";

const AUTO = "auto";

export interface SelectEngineOptions extends EngineSurroundings {
  /** @defaultValue those of the folder `kinds/` */
  readonly kinds?: ReadonlyMap<string, EngineKind> | undefined;
}

/**
 * The engine that the settings ask for, with the segmenter behind it.
 * @throws StartError if there is no such engine, or something that it needs is missing.
 */
export async function selectEngine(options: SelectEngineOptions): Promise<EngineRoster> {
  const segmenter = await segmenterEngine(options.clock, options.scope);
  const kind = await preferredKind(options, options.kinds ?? (await engineKinds()));
  return new EngineRoster({
    preferred: kind === undefined ? segmenter : await kind.create(options),
    fallback: segmenter,
    maxRuns: options.config.maxEngineSessions,
    clock: options.clock,
    logger: options.logger,
  });
}

/** `undefined` for the segmenter, which is there already. */
async function preferredKind(
  surroundings: EngineSurroundings,
  kinds: ReadonlyMap<string, EngineKind>,
): Promise<EngineKind | undefined> {
  const { engine: name } = surroundings.config;
  if (name === SEGMENTER) return undefined;
  if (name === AUTO) {
    for (const kind of kinds.values()) if (await kind.isThere?.(surroundings)) return kind;
    return undefined;
  }
  const kind = kinds.get(name);
  if (kind !== undefined) return kind;
  const names = [AUTO, ...kinds.keys()].join(", ");
  throw new StartError(`LX_ENGINE (or --engine) is ${JSON.stringify(name)}, and must be one of ${names}.`);
}

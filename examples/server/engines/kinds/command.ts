import { childEnvironment } from "../../processes/child-environment.js";
import { StartError } from "../../start/start-error.js";
import type { EngineKind } from "../engine-kind.js";
import { subprocessEngine } from "../subprocess-engine.js";

export const engineKind: EngineKind = {
  name: "command",
  needs: "LX_ENGINE_COMMAND",
  async create({ config, clock, logger }) {
    if (config.engineCommand === undefined) {
      throw new StartError(
        'LX_ENGINE_COMMAND is not set, and must be a shell command when LX_ENGINE (or --engine) is "command".',
      );
    }
    const env = childEnvironment(config.engineEnvironment);
    return subprocessEngine({ name: "command", program: ["sh", "-c", config.engineCommand], env, clock, logger });
  },
};

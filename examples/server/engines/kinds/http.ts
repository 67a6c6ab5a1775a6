import { StartError } from "../../start/start-error.js";
import type { EngineKind } from "../engine-kind.js";
import { httpEngine } from "../http/http-engine.js";

export const engineKind: EngineKind = {
  name: "http",
  needs: "LX_ENGINE_URL",
  async create({ config, clock, logger }) {
    if (config.engineUrl === undefined) {
      throw new StartError(
        'LX_ENGINE_URL is not set, and must be the address of a service when LX_ENGINE (or --engine) is "http", such as http://127.0.0.1:8000/v1/audio/transcriptions.',
      );
    }
    const words = [
      ["response_format", "verbose_json"],
      ["timestamp_granularities[]", "word"],
    ] as const;
    return httpEngine({
      name: "http",
      url: config.engineUrl,
      key: config.engineKey,
      fields: [
        ["model", config.engineModel],
        ...(config.engineLanguage === undefined ? [] : [["language", config.engineLanguage] as const]),
        ...(config.engineWords === "on" ? words : [["response_format", "json"] as const]),
      ],
      timeoutMs: config.engineTimeoutSec * 1_000,
      clock,
      random: Math.random,
      logger,
    });
  },
};

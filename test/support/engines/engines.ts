import { ChromiumEngine } from "./chromium-engine.js";
import type { EngineName, EnginePage } from "./engine-page.js";
import { FirefoxEngine } from "./firefox-engine.js";
import { WebKitEngine } from "./webkit-engine.js";

/** An engine that this machine has. */
export interface FoundEngine {
  readonly name: EngineName;
  readonly executablePath: string;
  /** Of the program that drives it, where it is not this process. */
  readonly driverPath?: string;
}

/** @param env all of the environment, with the sound server in it. */
export function launchEngine(engine: FoundEngine, env: Readonly<Record<string, string>>): Promise<EnginePage> {
  const { name, executablePath, driverPath = "" } = engine;
  switch (name) {
    case "chromium":
      return ChromiumEngine.launch({ executablePath, env });
    case "firefox":
      return FirefoxEngine.launch({ executablePath, env });
    case "webkit":
      return WebKitEngine.launch({ executablePath, driverPath, env });
  }
}

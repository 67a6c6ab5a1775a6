/** Vitest's setup of the tests that run the sources. */
import { loadLateModules } from "./late-modules.js";

await loadLateModules();

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { childEnvironment } from "../../processes/child-environment.js";
import { StartError } from "../../start/start-error.js";
import type { EngineKind } from "../engine-kind.js";
import { isAllowed, isOnPath } from "../find-program.js";
import { subprocessEngine } from "../subprocess-engine.js";

const PROGRAM = "pocketsphinx_continuous";
/** Prints nothing of an utterance before it is over, and no times. */
const PLAIN = [PROGRAM, "-infile", "/dev/stdin", "-logfn", "/dev/null"];
/** Uses the library of the same package. */
const WITH_PARTIALS = ["python3", fileURLToPath(new URL("../programs/listen-pocketsphinx.py", import.meta.url))];
const CHECK_MS = 10_000;

export const engineKind: EngineKind = {
  name: "pocketsphinx",
  needs: `${PROGRAM} on the PATH`,
  isThere: ({ path }) => isOnPath(PROGRAM, path),
  async create({ config, clock, path, logger }) {
    if (!(await isOnPath(PROGRAM, path))) {
      throw new StartError(
        `LX_ENGINE is "pocketsphinx", and ${PROGRAM} is not on the PATH; install it (Debian: apt-get install pocketsphinx) or set LX_ENGINE to "segmenter".`,
      );
    }
    const grammarPath = config.pocketsphinxJsgf;
    if (grammarPath !== undefined && !(await isAllowed(grammarPath, constants.R_OK))) {
      throw new StartError(
        `LX_POCKETSPHINX_JSGF is ${JSON.stringify(grammarPath)}, and must be the path of a readable file.`,
      );
    }
    const env = { ...childEnvironment(config.engineEnvironment), PATH: path };
    const hasPartials = (await isOnPath("python3", path)) && (await runs(WITH_PARTIALS, env));
    if (!hasPartials) logger.info("Without python3, captions of pocketsphinx come when an utterance is over.");
    const grammar = grammarPath === undefined ? [] : ["-jsgf", grammarPath];
    const program = [...(hasPartials ? WITH_PARTIALS : PLAIN), ...grammar];
    return subprocessEngine({ name: "pocketsphinx", program, env, clock, logger });
  },
};

/** Whether Python has what the program needs. */
const runs = ([command = "", ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> =>
  promisify(execFile)(command, [...args, "--check"], { env, timeout: CHECK_MS }).then(
    () => true,
    () => false,
  );

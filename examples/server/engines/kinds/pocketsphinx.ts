import { constants } from "node:fs";
import { StartError } from "../../start/start-error.js";
import type { EngineKind } from "../engine-kind.js";
import { isAllowed, isOnPath } from "../find-program.js";
import { subprocessEngine } from "../subprocess-engine.js";

const PROGRAM = "pocketsphinx_continuous";

export const engineKind: EngineKind = {
  name: "pocketsphinx",
  needs: `${PROGRAM} on the PATH`,
  isThere: ({ path }) => isOnPath(PROGRAM, path),
  async create({ config, clock, path }) {
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
    const grammar = grammarPath === undefined ? [] : ["-jsgf", grammarPath];
    const program = [PROGRAM, "-infile", "/dev/stdin", "-logfn", "/dev/null", ...grammar];
    return subprocessEngine({ name: "pocketsphinx", program, clock });
  },
};

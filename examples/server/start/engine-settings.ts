import { whole, words } from "./setting-kinds.js";

/** What turns sound into words. */
export const ENGINE_SETTINGS = {
  engine: words(
    {
      env: "LX_ENGINE",
      flag: "engine",
      help: "Recogniser: segmenter, pocketsphinx or command; auto takes pocketsphinx when pocketsphinx_continuous is on the PATH, else the built-in segmenter.",
    },
    "the name of a recogniser, or auto",
    "auto",
  ),
  engineCommand: words(
    {
      env: "LX_ENGINE_COMMAND",
      flag: "engine-command",
      help: "Shell command for the engine named command: reads raw 16 kHz mono s16le on stdin, prints one line per segment.",
    },
    "a shell command",
    undefined,
  ),
  pocketsphinxJsgf: words(
    { env: "LX_POCKETSPHINX_JSGF", help: "Grammar (JSGF) that pocketsphinx recognises instead of dictation." },
    "the path of a file",
    undefined,
  ),
  maxEngineSessions: whole(
    {
      env: "LX_MAX_CUDA_SESSIONS",
      help: "Sessions that may run the chosen engine at once; the others get the built-in segmenter.",
    },
    4,
    0,
    1_000,
  ),
};

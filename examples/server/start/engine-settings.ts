import { headerText, httpAddress, oneOf, variableNames, whole, words } from "./setting-kinds.js";

/** What turns sound into words. */
export const ENGINE_SETTINGS = {
  engine: words(
    {
      env: "LX_ENGINE",
      flag: "engine",
      help: "Recogniser: segmenter, pocketsphinx, command or http; auto takes pocketsphinx when pocketsphinx_continuous is on the PATH, else the built-in segmenter.",
    },
    "the name of a recogniser, or auto",
    "auto",
  ),
  engineCommand: words(
    {
      env: "LX_ENGINE_COMMAND",
      flag: "engine-command",
      help: "Shell command for the engine named command: reads raw 16 kHz mono s16le on stdin, prints a line of text or JSON for each segment.",
    },
    "a shell command",
    undefined,
  ),
  engineEnvironment: variableNames({
    env: "LX_ENGINE_ENV",
    help: "Names of variables, comma-separated, that engines are given beside PATH, HOME, the language and what libraries need.",
  }),
  engineUrl: httpAddress({
    env: "LX_ENGINE_URL",
    help: "Address of the engine named http: an OpenAI-compatible service, such as http://127.0.0.1:8000/v1/audio/transcriptions.",
  }),
  engineKey: headerText({ env: "LX_ENGINE_KEY", help: "Key of that service, sent as a bearer token. Never logged." }),
  engineModel: words(
    { env: "LX_ENGINE_MODEL", help: "Model that the service is asked for." },
    "the name of a model",
    "whisper-1",
  ),
  engineLanguage: words(
    {
      env: "LX_ENGINE_LANGUAGE",
      help: "Language that the service is told, such as en; without it, the service finds out.",
    },
    "the code of a language",
    undefined,
  ),
  engineWords: oneOf(
    {
      env: "LX_ENGINE_WORDS",
      help: "on asks the service for the times of words (verbose_json), which not every model has.",
    },
    ["off", "on"],
    "off",
  ),
  engineTimeoutSec: whole(
    { env: "LX_ENGINE_TIMEOUT_SEC", help: "Seconds that one answer of the service may take." },
    20,
    1,
    600,
  ),
  pocketsphinxJsgf: words(
    { env: "LX_POCKETSPHINX_JSGF", help: "Grammar (JSGF) that pocketsphinx recognises instead of dictation." },
    "the path of a file",
    undefined,
  ),
  maxEngineSessions: whole(
    {
      env: "LX_MAX_CUDA_SESSIONS",
      help: "Sessions that may run the chosen engine at once; the others wait, and the built-in segmenter listens.",
    },
    4,
    0,
    1_000,
  ),
};

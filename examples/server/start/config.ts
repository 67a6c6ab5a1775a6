import { resolve } from "node:path";
import { helpText } from "./help.js";
import { SETTINGS, type Setting } from "./settings.js";
import { StartError } from "./start-error.js";

type Values = { readonly [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };

/** Everything the reference backend can be told, read once at the start and frozen. {@link SETTINGS} says what each means. */
export type ServerConfig = Readonly<Values>;

export type Invocation =
  | { readonly kind: "serve"; readonly config: ServerConfig }
  | { readonly kind: "help"; readonly text: string };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Flags win over the environment, which wins over the defaults; an empty environment variable counts as unset.
 * @param argv the arguments after the program's name.
 * @throws StartError on the first setting that is wrong.
 */
export function readInvocation(argv: readonly string[], environment: Environment): Invocation {
  const flags = readFlags(argv);
  if (flags.has("help")) return { kind: "help", text: helpText() };
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(SETTINGS) as [string, Setting<unknown>][]) {
    values[key] = readSetting(setting, flags, environment);
  }
  const { outDir, modelDir } = values as Values;
  const absolute = { outDir: resolve(outDir), modelDir: modelDir === undefined ? undefined : resolve(modelDir) };
  const config = { ...(values as Values), ...absolute, ...openApi(values as Values) };
  checkTogether(config);
  checkDemo(config, environment.NODE_ENV);
  return { kind: "serve", config: Object.freeze(config) };
}

function readFlags(argv: readonly string[]): Map<string, string> {
  const known = new Map(Object.values(SETTINGS).map((setting) => [setting.flag, setting]));
  const flags = new Map<string, string>();
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? "";
    const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(argument);
    const name = match?.[1] ?? "";
    if (argument === "--help" || argument === "-h") {
      flags.set("help", "");
    } else if (name !== "" && known.has(name)) {
      const value = match?.[2] ?? argv[++index];
      if (value === undefined)
        throw new StartError(`--${name} must be followed by a value; --help lists what is allowed.`);
      flags.set(name, value);
    } else {
      throw new StartError(`"${argument}" is not an option of this server; --help lists them.`);
    }
  }
  return flags;
}

function readSetting(setting: Setting<unknown>, flags: ReadonlyMap<string, string>, environment: Environment): unknown {
  const fromFlag = setting.flag === undefined ? undefined : flags.get(setting.flag);
  const text = fromFlag ?? environment[setting.env];
  if (text === undefined || (fromFlag === undefined && text === "")) return setting.fallback;
  const value = setting.read(text);
  if (value !== undefined) return value;
  const name = fromFlag === undefined ? setting.env : `--${setting.flag}`;
  const shown = setting.secret ? "(not shown)" : JSON.stringify(text);
  throw new StartError(`${name} is ${shown}, and must be ${setting.allowed}.`);
}

/** A demo shows people what the server has of them. If there is a token, it is asked for all the same. */
const openApi = ({ demo, api }: Values): Partial<Values> => (demo === "on" && api === "token" ? { api: "open" } : {});

function checkDemo({ demo, host }: ServerConfig, environment: string | undefined): void {
  if (demo === "off") return;
  if (environment === "production") {
    throw new StartError(
      'LX_DEMO (or --demo) is "on" and NODE_ENV is "production", and one of them must go: pages may break connections then.',
    );
  }
  if (!isLoopback(host)) {
    throw new StartError(
      `LX_DEMO (or --demo) is "on", and HOST (or --host) must be 127.0.0.1 then, or another address that only this machine reaches; it is ${JSON.stringify(host)}.`,
    );
  }
}

/** Whether only this machine reaches that address. */
export const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d+){3}|::1)$/.test(host);

/** What no setting can tell alone. */
function checkTogether(config: ServerConfig): void {
  if (config.heartbeatTimeoutSec <= config.heartbeatSec) {
    throw new StartError(
      `LX_WS_HEARTBEAT_TIMEOUT_SEC is ${config.heartbeatTimeoutSec}, and must be more than LX_WS_HEARTBEAT_SEC, which is ${config.heartbeatSec}.`,
    );
  }
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    const [missing, given] =
      config.tlsCert === undefined ? ["LX_TLS_CERT", "LX_TLS_KEY"] : ["LX_TLS_KEY", "LX_TLS_CERT"];
    throw new StartError(`${missing} is not set, and must be when ${given} is: TLS takes a certificate and its key.`);
  }
  if (config.auth === "static" && config.token === undefined) {
    throw new StartError('LX_TOKEN is not set, and must be the token of clients when LX_AUTH (or --auth) is "static".');
  }
  if (config.auth === "jwt" && config.jwtSecret === undefined && config.jwtKeys === undefined) {
    throw new StartError(
      'Neither LX_JWT_SECRET nor LX_JWT_KEYS is set, and one of them must be when LX_AUTH (or --auth) is "jwt".',
    );
  }
}

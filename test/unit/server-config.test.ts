import { describe, expect, it } from "vitest";
import { readInvocation, type ServerConfig } from "../../examples/server/start/config.js";
import { helpText } from "../../examples/server/start/help.js";
import { SETTINGS } from "../../examples/server/start/settings.js";
import { StartError } from "../../examples/server/start/start-error.js";

function configOf(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): ServerConfig {
  const invocation = readInvocation(argv, environment);
  if (invocation.kind !== "serve") throw new Error("Expected a configuration.");
  return invocation.config;
}

function complaint(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  try {
    readInvocation(argv, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  }
  throw new Error("Expected a complaint.");
}

describe("the backend's settings", () => {
  it("have the documented defaults, and cannot be changed", () => {
    const config = configOf([]);
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 8787,
      engine: "auto",
      engineCommand: undefined,
      pocketsphinxJsgf: undefined,
      token: undefined,
      allowedOrigins: [],
      allowedHosts: [],
      heartbeatSec: 10,
      heartbeatTimeoutSec: 30,
      resumeTtlSec: 60,
      resumeMaxEvents: 500,
      maxInFlight: 64,
      maxMessageBytes: 131_072,
      clientEventBuffer: 300,
      maxEngineSessions: 4,
      maxSessions: 100,
      logLevel: "info",
    });
    expect(config.outDir).toBe(`${process.cwd()}/out`);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("come from flags before the environment, in both spellings", () => {
    const environment = { PORT: "1000", HOST: "::1", LX_OUT_DIR: "/tmp/a" };
    expect(configOf(["--port", "0", "--host=0.0.0.0"], environment)).toMatchObject({
      port: 0,
      host: "0.0.0.0",
      outDir: "/tmp/a",
    });
  });

  it("count an empty variable as unset", () => {
    expect(configOf([], { PORT: "", LX_TOKEN: "", LX_ENGINE: "" })).toMatchObject({
      port: 8787,
      token: undefined,
      engine: "auto",
    });
  });

  it.each([
    [{ PORT: "abc" }, 'PORT is "abc", and must be a whole number from 0 to 65535.'],
    [{ PORT: "65536" }, 'PORT is "65536", and must be a whole number from 0 to 65535.'],
    [{ PORT: "1e3" }, 'PORT is "1e3", and must be a whole number from 0 to 65535.'],
    [{ PORT: "-1" }, 'PORT is "-1", and must be a whole number from 0 to 65535.'],
    [{ LX_WS_RESUME_TTL: "1.5" }, 'LX_WS_RESUME_TTL is "1.5", and must be a whole number from 0 to 86400.'],
    [{ LX_OUT_DIR: "a\0b" }, 'LX_OUT_DIR is "a\\u0000b", and must be the path of a folder.'],
    [
      { LX_ALLOWED_ORIGINS: "https://a.example/path" },
      'LX_ALLOWED_ORIGINS is "https://a.example/path", and must be a comma-separated list of origins such as https://example.org (scheme, host and port, no path).',
    ],
    [
      { LX_ALLOWED_ORIGINS: "https://a.example,*" },
      'LX_ALLOWED_ORIGINS is "https://a.example,*", and must be a comma-separated list of origins such as https://example.org (scheme, host and port, no path).',
    ],
    [{ LX_API: "yes" }, 'LX_API is "yes", and must be one of token, open, off.'],
    [
      { LX_WS_MAX_BUFFERED_BYTES: "4 MB" },
      'LX_WS_MAX_BUFFERED_BYTES is "4 MB", and must be a whole number from 65536 to 1073741824.',
    ],
    [
      { LX_WS_HEARTBEAT_SEC: "30" },
      "LX_WS_HEARTBEAT_TIMEOUT_SEC is 30, and must be more than LX_WS_HEARTBEAT_SEC, which is 30.",
    ],
    [
      { LX_AUTH: "static" },
      'LX_TOKEN is not set, and must be the token of clients when LX_AUTH (or --auth) is "static".',
    ],
    [
      { LX_AUTH: "jwt", LX_TOKEN: "for the API" },
      'Neither LX_JWT_SECRET nor LX_JWT_KEYS is set, and one of them must be when LX_AUTH (or --auth) is "jwt".',
    ],
    [
      { LX_DEMO: "on", NODE_ENV: "production" },
      'LX_DEMO (or --demo) is "on" and NODE_ENV is "production", and one of them must go: pages may break connections then.',
    ],
    [
      { LX_DEMO: "on", HOST: "0.0.0.0" },
      'LX_DEMO (or --demo) is "on", and HOST (or --host) must be 127.0.0.1 then, or another address that only this machine reaches; it is "0.0.0.0".',
    ],
    [{ LX_JWT_SECRET: "too short" }, "LX_JWT_SECRET is (not shown), and must be text of at least 32 bytes."],
  ])("say what is wrong in one sentence: %o", (environment, sentence) => {
    expect(complaint([], environment as unknown as Record<string, string>)).toBe(sentence);
  });

  it.each(["redis://", "redis://host/name", "redis://host?db=1", "redis://:100%@host", "host:6379"])(
    "take no address of a Redis in which something is wrong: %s",
    (address) => {
      expect(complaint([], { LX_STORE: address })).toBe(
        "LX_STORE is (not shown), and must be memory, or an address such as redis://user:password@host:6379/0 (rediss:// for TLS).",
      );
    },
  );

  it("name the flag when the flag is wrong", () => {
    expect(complaint(["--port", "x"])).toBe('--port is "x", and must be a whole number from 0 to 65535.');
    expect(complaint(["--port="])).toBe('--port is "", and must be a whole number from 0 to 65535.');
    expect(complaint(["--port"])).toContain("--port must be followed by a value");
    expect(complaint(["--prot", "1"])).toContain('"--prot" is not an option');
    expect(complaint(["8787"])).toContain('"8787" is not an option');
  });

  it("never show a token, however wrong it is", () => {
    // cryostatio/cryostat-legacy#100
    const sentence = complaint([], { LX_TOKEN: "s3cret\nline" });
    expect(sentence).toContain("LX_TOKEN is (not shown)");
    expect(sentence).not.toContain("s3cret");
  });

  it("open the API for a demo, unless it is off", () => {
    expect(configOf(["--demo", "on"]).api).toBe("open");
    expect(configOf(["--demo", "on"], { LX_API: "off", HOST: "::1" }).api).toBe("off");
    expect(configOf([]).api).toBe("token");
  });

  it("take a list of origins", () => {
    expect(configOf([], { LX_ALLOWED_ORIGINS: "https://a.example, http://b.example:8080" }).allowedOrigins).toEqual([
      "https://a.example",
      "http://b.example:8080",
    ]);
    expect(
      configOf([], { LX_ALLOWED_ORIGINS: "HTTPS://A.example:443/,capacitor://localhost,null" }).allowedOrigins,
    ).toEqual(["https://a.example", "capacitor://localhost", "null"]);
  });
});

describe("--help", () => {
  it("wins over everything else on the line", () => {
    expect(readInvocation(["--port", "1", "--help"], { PORT: "wrong" })).toEqual({ kind: "help", text: helpText() });
  });

  it("lists every variable and flag with its default", () => {
    const text = helpText().replace(/\s+/g, " ");
    for (const { env, flag, fallback, allowed, help } of Object.values(SETTINGS)) {
      const name = flag === undefined ? env : `${env}, --${flag}`;
      const shown = fallback === undefined || String(fallback) === "" ? "none" : fallback;
      expect(text).toContain(` ${name} ${help} Must be ${allowed}. Default: ${shown}.`);
    }
    for (const name of [
      "HOST PORT LX_OUT_DIR LX_ENGINE LX_ENGINE_COMMAND LX_POCKETSPHINX_JSGF LX_TOKEN LX_ALLOWED_ORIGINS",
      "LX_WS_HEARTBEAT_SEC LX_WS_HEARTBEAT_TIMEOUT_SEC LX_WS_RESUME_TTL LX_WS_RESUME_MAX_EVENTS LX_WS_MAX_IN_FLIGHT",
      "LX_WS_MAX_MSG_BYTES LX_CLIENT_EVENT_BUFFER LX_MAX_CUDA_SESSIONS LX_MAX_SESSIONS LX_LOG_LEVEL",
      "--port --host --out-dir --engine --engine-command --help",
    ].flatMap((line) => line.split(" "))) {
      expect(text).toContain(` ${name}`);
    }
  });
});

import { normalizeHost, normalizeOrigin } from "../connection/origin-policy.js";

const MIN_SECRET_BYTES = 32;

/** One thing the server can be told. The parser and `--help` both read this, so that they cannot disagree. */
export interface Setting<T> {
  readonly env: string;
  /** Without the dashes. */
  readonly flag?: string | undefined;
  readonly fallback: T;
  /** Completes "must be …". */
  readonly allowed: string;
  /** What it does, for `--help`. */
  readonly help: string;
  /** Its value never appears in a message or a log. */
  readonly secret?: boolean | undefined;
  /** `undefined` for a text that is not allowed. */
  read(text: string): T | undefined;
}

interface Named {
  readonly env: string;
  readonly flag?: string;
  readonly help: string;
}

export function oneOf<const T extends string>(named: Named, values: readonly T[], fallback: NoInfer<T>): Setting<T> {
  return {
    ...named,
    fallback,
    allowed: `one of ${values.join(", ")}`,
    read: (text) => values.find((value) => value === text),
  };
}

export function whole(named: Named, fallback: number, least: number, most: number): Setting<number> {
  return {
    ...named,
    fallback,
    allowed: `a whole number from ${least} to ${most}`,
    read(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? value : undefined;
    },
  };
}

export function words<T extends string | undefined>(named: Named & { secret?: boolean }, allowed: string, fallback: T) {
  return {
    ...named,
    fallback,
    allowed,
    // A control character here is a broken quotation or an injected line, and a NUL would end a path early.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    read: (text) => (text.trim() === "" || /[\u0000-\u001f\u007f]/.test(text) ? undefined : text),
  } satisfies Setting<string | T>;
}

/** The address may hold a password. */
export function storeAddress(named: Named): Setting<string> {
  return {
    ...named,
    secret: true,
    fallback: "memory",
    allowed: "memory, or an address such as redis://user:password@host:6379/0 (rediss:// for TLS)",
    read: (text) => (text === "memory" || isRedisAddress(text) ? text : undefined),
  };
}

/** What is behind the host can only be the number of a database. */
function isRedisAddress(text: string): boolean {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.hostname !== "" && /^\/?\d{0,9}$/.test(url.pathname + url.search + url.hash) && hasGoodNames(url);
}

const hasGoodNames = ({ username, password }: URL): boolean => [username, password].every(isEncoded);

/** Whether each percent sign begins the code of a character. */
function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** What a request's header can carry. A key that was copied out of a text may have other quotation marks or invisible signs in it. */
export function headerText(named: Named): Setting<string | undefined> {
  return {
    ...named,
    secret: true,
    fallback: undefined,
    allowed: "text of ASCII characters, as a request's header has them",
    read: (text) => (/^[!-~](?:[ -~]*[!-~])?$/.test(text) ? text : undefined),
  };
}

/** HS256 takes a secret as long as its hash at least (RFC 7518, section 3.2): a shorter one can be guessed offline. */
export function hs256Secret(named: Named): Setting<string | undefined> {
  return {
    ...named,
    secret: true,
    fallback: undefined,
    allowed: `text of at least ${MIN_SECRET_BYTES} bytes`,
    read: (text) => (Buffer.byteLength(text) >= MIN_SECRET_BYTES ? text : undefined),
  };
}

export function origins(named: Named): Setting<readonly string[]> {
  return {
    ...named,
    fallback: [],
    allowed: "a comma-separated list of origins such as https://example.org (scheme, host and port, no path)",
    read(text) {
      const list = text.split(",").map(normalizeOrigin);
      return list.every((origin) => origin !== undefined) ? list : undefined;
    },
  };
}

export function hosts(named: Named): Setting<readonly string[]> {
  return {
    ...named,
    fallback: [],
    allowed: "a comma-separated list of names such as captions.example.org, without scheme and port",
    read(text) {
      const list = text.split(",").map(normalizeHost);
      return list.every((host) => host !== undefined) ? list : undefined;
    },
  };
}

/** The address may hold a password. */
export function httpAddress(named: Named): Setting<string | undefined> {
  return {
    ...named,
    secret: true,
    fallback: undefined,
    allowed: "an address that begins with http:// or https://",
    read: (text) => (/^https?:\/\//.test(text) && URL.canParse(text) && hasGoodNames(new URL(text)) ? text : undefined),
  };
}

export function httpOrigins(named: Named): Setting<readonly string[]> {
  return {
    ...named,
    fallback: [],
    allowed: "a comma-separated list of addresses such as http://10.0.0.2:8787, without a path",
    read(text) {
      const list = text.split(",").map((entry) => entry.trim());
      return list.every(isHttpOrigin) ? list : undefined;
    },
  };
}

function isHttpOrigin(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { origin, href, username } = new URL(text);
  return username === "" && (href === origin || href === `${origin}/`);
}

export function variableNames(named: Named): Setting<readonly string[]> {
  return {
    ...named,
    fallback: [],
    allowed: "a comma-separated list of names of variables",
    read(text) {
      const names = text.split(",").map((name) => name.trim());
      return names.every((name) => /^[A-Za-z_]\w*$/.test(name)) ? names : undefined;
    },
  };
}

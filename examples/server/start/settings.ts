import { ENGINE_SETTINGS } from "./engine-settings.js";
import { LISTEN_SETTINGS } from "./listen-settings.js";
import { hosts, hs256Secret, oneOf, origins, type Setting, whole, words } from "./setting-kinds.js";
import { STORE_SETTINGS } from "./store-settings.js";

export type { Setting };

/** Every setting of the reference backend, in the order `--help` lists them. */
export const SETTINGS = {
  ...LISTEN_SETTINGS,
  outDir: words(
    { env: "LX_OUT_DIR", flag: "out-dir", help: "Folder for recordings and transcripts; made when missing." },
    "the path of a folder",
    "./out",
  ),
  minFreeBytes: whole(
    {
      env: "LX_MIN_FREE_BYTES",
      help: "Bytes that the disk of LX_OUT_DIR must have free for a new session to begin; 0 for no watch.",
    },
    268_435_456,
    0,
    999_999_999_999_999,
  ),
  keepDays: whole(
    { env: "LX_KEEP_DAYS", help: "Days after which recordings and transcripts are deleted; 0 keeps them." },
    0,
    0,
    36_500,
  ),
  keepBytes: whole(
    {
      env: "LX_KEEP_BYTES",
      help: "Bytes of all recordings together beyond which the oldest are deleted; 0 keeps them.",
    },
    0,
    0,
    999_999_999_999_999,
  ),
  ...STORE_SETTINGS,
  demo: oneOf(
    {
      env: "LX_DEMO",
      flag: "demo",
      help: "on is for trying things out: pages on this machine may break their own connection, and the management API is open. Not if others reach the address, nor in production (NODE_ENV).",
    },
    ["off", "on"],
    "off",
  ),
  ...ENGINE_SETTINGS,
  playback: words(
    {
      env: "LX_PLAYBACK",
      flag: "playback",
      help: "What the server says to clients that play it: off is nothing, echo is what they say, and a path is the WAV file there, once for each session.",
    },
    "off, echo or the path of a WAV file",
    "off",
  ),
  auth: oneOf(
    {
      env: "LX_AUTH",
      flag: "auth",
      help: "What clients present in their first message: static is LX_TOKEN, jwt a JSON Web Token; auto is jwt when LX_JWT_SECRET or LX_JWT_KEYS is set, else static when LX_TOKEN is, else none.",
    },
    ["auto", "none", "static", "jwt"],
    "auto",
  ),
  token: words(
    { env: "LX_TOKEN", help: "Token of LX_AUTH=static, and of the management API. Never logged.", secret: true },
    "text without control characters",
    undefined,
  ),
  jwtSecret: hs256Secret({ env: "LX_JWT_SECRET", help: "Secret of tokens signed with HS256. Never logged." }),
  jwtKeys: words(
    { env: "LX_JWT_KEYS", help: "JSON Web Key Set: the public keys of whoever signs tokens, read at the start." },
    "the path of a file",
    undefined,
  ),
  jwtIssuer: words(
    { env: "LX_JWT_ISSUER", help: "What the claim iss of a JSON Web Token must be." },
    "text without control characters",
    undefined,
  ),
  jwtAudience: words(
    { env: "LX_JWT_AUDIENCE", help: "What the claim aud of a JSON Web Token must be or contain." },
    "text without control characters",
    undefined,
  ),
  api: oneOf(
    {
      env: "LX_API",
      help: "Management API; token asks for LX_TOKEN and is off without one, open needs no token unless LX_TOKEN is set.",
    },
    ["token", "open", "off"],
    "token",
  ),
  allowedOrigins: origins({
    env: "LX_ALLOWED_ORIGINS",
    help: "Origins of pages that may connect, comma-separated; by default those of this server's own host, and loopback origins from this machine.",
  }),
  allowedHosts: hosts({
    env: "LX_ALLOWED_HOSTS",
    help: "Names of this server, comma-separated, whose pages may connect without TLS; addresses and localhost always may.",
  }),
  heartbeatSec: whole({ env: "LX_WS_HEARTBEAT_SEC", help: "Seconds of silence before a heartbeat." }, 10, 1, 3_600),
  heartbeatTimeoutSec: whole(
    { env: "LX_WS_HEARTBEAT_TIMEOUT_SEC", help: "Seconds without anything before a connection is given up." },
    30,
    2,
    3_600,
  ),
  resumeTtlSec: whole(
    { env: "LX_WS_RESUME_TTL", help: "Seconds a session waits for its client after a disconnect." },
    60,
    0,
    86_400,
  ),
  resumeMaxEvents: whole(
    { env: "LX_WS_RESUME_MAX_EVENTS", help: "Events a session keeps for replay after a reconnect." },
    500,
    1,
    100_000,
  ),
  resumeMaxBytes: whole(
    { env: "LX_WS_RESUME_MAX_BYTES", help: "Bytes of those events." },
    4_194_304,
    65_536,
    1_073_741_824,
  ),
  resumeMaxAgeSec: whole(
    { env: "LX_WS_RESUME_MAX_AGE", help: "Seconds that an event is kept when its client does not acknowledge it." },
    3_600,
    1,
    604_800,
  ),
  maxInFlight: whole(
    { env: "LX_WS_MAX_IN_FLIGHT", help: "Numbered messages sent beyond the last acknowledged one." },
    64,
    1,
    100_000,
  ),
  maxMessageBytes: whole(
    { env: "LX_WS_MAX_MSG_BYTES", help: "Size of the largest message accepted, in bytes." },
    131_072,
    4_096,
    16_777_216,
  ),
  maxBufferedBytes: whole(
    {
      env: "LX_WS_MAX_BUFFERED_BYTES",
      help: "Bytes that may wait for one client to read them; beyond that its connection is closed, and its session waits for it.",
    },
    4_194_304,
    65_536,
    1_073_741_824,
  ),
  clientEventBuffer: whole(
    {
      env: "LX_CLIENT_EVENT_BUFFER",
      help: "Finished captions that a client which comes back is given at once, as far as they fit into one message.",
    },
    300,
    1,
    100_000,
  ),
  maxConnections: whole(
    {
      env: "LX_MAX_CONNECTIONS",
      help: "Connections at once, but no more than half of the descriptors that the system allows; more are told to come back later.",
    },
    10_000,
    1,
    1_000_000,
  ),
  maxConnectionsPerAddress: whole(
    {
      env: "LX_MAX_CONNECTIONS_PER_ADDRESS",
      help: "Connections at once from one address, or from one IPv6 network of 64 bits; behind a proxy everybody has the proxy's.",
    },
    1_000,
    1,
    1_000_000,
  ),
  maxWaiting: whole(
    {
      env: "LX_MAX_WAITING",
      help: "Connections that have not said yet what they want; of more, the one that has waited longest has to go.",
    },
    1_000,
    1,
    1_000_000,
  ),
  maxMessagesPerSec: whole(
    { env: "LX_WS_MAX_MSGS_PER_SEC", help: "Messages that are read from one client in a second; more are read later." },
    2_000,
    100,
    1_000_000,
  ),
  maxBytesPerSec: whole(
    { env: "LX_WS_MAX_BYTES_PER_SEC", help: "Bytes that are read from one client in a second; more are read later." },
    16_777_216,
    65_536,
    1_073_741_824,
  ),
  maxSessions: whole(
    {
      env: "LX_MAX_SESSIONS",
      help: "Sessions at once. If there are more, the one whose client has been gone for longest has to go; else the new one is told to come back later.",
    },
    100,
    1,
    100_000,
  ),
  maxDelayMs: whole(
    {
      env: "LX_MAX_DELAY_MS",
      help: "Milliseconds that the server may be late with its work, time and again, before new sessions are told to come back later; 0 for no limit.",
    },
    500,
    0,
    60_000,
  ),
  maxSessionsPerSubject: whole(
    {
      env: "LX_MAX_SESSIONS_PER_SUBJECT",
      help: "Sessions at once with JSON Web Tokens of one subject (sub), or with one token that has none.",
    },
    20,
    1,
    100_000,
  ),
  maxIdleSec: whole(
    { env: "LX_MAX_IDLE_SEC", help: "Seconds that a session may be without audio before it is ended; 0 for no limit." },
    14_400,
    0,
    31_536_000,
  ),
  maxSessionSec: whole(
    {
      env: "LX_MAX_SESSION_SEC",
      help: "Seconds that a session may last before its client is led to a new one, which goes on without a loss; 0 for no limit.",
    },
    86_400,
    0,
    31_536_000,
  ),
  drainDelaySec: whole(
    { env: "LX_DRAIN_DELAY_SEC", help: "Seconds after SIGTERM in which /readyz says no and clients are still taken." },
    0,
    0,
    3_600,
  ),
  drainSec: whole(
    { env: "LX_DRAIN_SEC", help: "Seconds over which clients are sent away at most; fifty in a second if few." },
    5,
    0,
    3_600,
  ),
  modelCatalog: words(
    {
      env: "LX_MODEL_CATALOG",
      help: "JSON file of the models that may be downloaded: { name: { url, sha256, bytes } }; bytes may be left out.",
    },
    "the path of a file",
    undefined,
  ),
  modelMaxBytes: whole(
    { env: "LX_MODEL_MAX_BYTES", help: "Bytes that a downloaded model may have at most." },
    8_589_934_592,
    1,
    999_999_999_999_999,
  ),
  modelDir: words(
    { env: "LX_MODEL_DIR", help: "Folder for downloaded models; without it, models in LX_OUT_DIR." },
    "the path of a folder",
    undefined,
  ),
  metrics: oneOf(
    { env: "LX_METRICS", help: "Figures for Prometheus at /metrics; token asks for LX_TOKEN." },
    ["open", "token", "off"],
    "open",
  ),
  logLevel: oneOf(
    { env: "LX_LOG_LEVEL", help: "Least important log line written to stderr." },
    ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    "info",
  ),
};

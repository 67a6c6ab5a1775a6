import { whole, words } from "./setting-kinds.js";

/** Where the backend listens, and by which certificate. */
export const LISTEN_SETTINGS = {
  host: words(
    { env: "HOST", flag: "host", help: "Address to listen on; 0.0.0.0 for every network." },
    "a host name or an address",
    "127.0.0.1",
  ),
  port: whole({ env: "PORT", flag: "port", help: "Port to listen on; 0 takes any free one." }, 8787, 0, 65_535),
  tlsCert: words(
    {
      env: "LX_TLS_CERT",
      flag: "tls-cert",
      help: "Certificate (PEM) for https and wss, followed by those between it and one that clients know; read again when it changes, or on SIGHUP.",
    },
    "the path of a file",
    undefined,
  ),
  tlsKey: words(
    { env: "LX_TLS_KEY", flag: "tls-key", help: "Its private key (PEM), without a passphrase." },
    "the path of a file",
    undefined,
  ),
} as const;

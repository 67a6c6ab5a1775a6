/**
 * A vendor's client in a process of its own: `client.mjs NAME` loads `clients/NAME.mjs`. It is told by messages what to do, and
 * says by messages what it hears.
 */
import WebSocket from "ws";

// Node 20 has no WebSocket of its own, and some clients look for the browser's.
globalThis.WebSocket ??= WebSocket;
const { open } = await import(`./clients/${process.argv[2]}.mjs`);

const say = (what, text = "", more = {}) => process.connected && process.send({ what, text, ...more });
const hear = {
  opened: () => say("opened"),
  partial: (text) => say("partial", text),
  /** A text that stands, and where in the session its first word begins, in seconds. */
  final: (text, from) => say("final", text, { from }),
  failed: (error) => say("failed", error instanceof Error ? error.message : String(error)),
  closed: (code, reason = "") => say("closed", `${code} ${reason}`.trim()),
  ended: () => say("ended"),
};

let session;
const does = {
  open: async (address) => {
    session = await open(address, hear);
  },
  send: (audio) => session?.send(audio),
  end: async () => {
    await session?.end();
    hear.ended();
  },
};

process.on("message", ([what, detail]) => {
  Promise.resolve()
    .then(() => does[what](detail))
    .catch((error) => hear.failed(error));
});
process.on("unhandledRejection", (reason) => hear.failed(reason));
// Some clients leave timers and sockets behind.
process.on("disconnect", () => process.exit());
say("ready");

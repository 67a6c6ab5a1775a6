import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import { deferred, Scope, systemClock } from "loquilex/resources";
import { readInvocation, type ServerConfig } from "./config.js";
import { selectEngine } from "./engines/select-engine.js";
import { createHttpServer } from "./http-server.js";
import { createLog, type Log } from "./log.js";
import { recoverRecordings } from "./recover-recordings.js";
import { SessionManager } from "./session-manager.js";
import { StartError } from "./start-error.js";
import { SubprocessSession } from "./subprocess-session.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** How long sessions may take to be finished after a signal. */
const SHUTDOWN_MS = 10_000;
/** A terminal and the npm in front of this process each deliver one Ctrl-C: that is one wish, not two. */
const SAME_SIGNAL_MS = 500;

async function main(): Promise<void> {
  const invocation = readInvocation(process.argv.slice(2), process.env);
  if (invocation.kind === "help") {
    process.stdout.write(invocation.text);
    return;
  }
  const { config } = invocation;
  const log = createLog(config);
  const clock = systemClock;
  const scope = new Scope({
    name: "server",
    clock,
    onReport: ({ failures }) => {
      for (const { resource, error } of failures) log.error({ resource, err: error }, "A resource was not released.");
    },
  });
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "An error that nothing expected ends the server.");
    process.exit(1);
  });
  process.on("exit", () => SubprocessSession.killAll());
  const stopped = stopSignal(log);

  await prepareOutDir(config.outDir);
  await recover(config.outDir, log);
  const engines = await selectEngine({ config, clock, path: process.env.PATH ?? "" });
  let stopping = false;
  const httpServer = createHttpServer({
    root: ROOT,
    health: () => ({ status: stopping ? "stopping" : "ok", sessions: manager.sessionCount }),
  });
  const manager = new SessionManager({
    config,
    httpServer,
    engines,
    logger: log,
    clock,
    scope: scope.child("sessions"),
  });
  const address = await listen(httpServer, config);
  process.stdout.write(`LoquiLex demo: ${address}\n`);
  log.info({ engine: engines.name, outDir: config.outDir }, "Ready.");

  const signal = await stopped;
  log.info({ signal }, "Stopping.");
  stopping = true;
  const deadline = scope.timeout(SHUTDOWN_MS, () => {
    log.error(`Not everything was finished within ${SHUTDOWN_MS / 1_000} s.`);
    process.exit(1);
  });
  httpServer.close();
  await manager.shutdown();
  httpServer.closeAllConnections();
  deadline.dispose();
  await scope.dispose();
  log.info("Stopped.");
  process.exit(0);
}

/** Resolves on the first SIGINT or SIGTERM; the next one ends the process at once. */
function stopSignal(log: Log): Promise<NodeJS.Signals> {
  const first = deferred<NodeJS.Signals>();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    const now = systemClock.now();
    firstAt ??= now;
    if (now - firstAt < SAME_SIGNAL_MS) return first.resolve(signal);
    log.warn({ signal }, "Stopping at once.");
    process.exit(1);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return first.promise;
}

async function prepareOutDir(outDir: string): Promise<void> {
  try {
    await mkdir(outDir, { recursive: true });
    await access(outDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = codeOf(error);
    throw new StartError(
      `LX_OUT_DIR (or --out-dir) is ${JSON.stringify(outDir)}, and must be a folder that this user can make and write to (${code}).`,
      { cause: error },
    );
  }
}

async function recover(outDir: string, log: Log): Promise<void> {
  const { recovered, removed, failed } = await recoverRecordings(outDir);
  for (const path of recovered) log.warn({ path }, "Finished a recording that an earlier server left.");
  for (const path of removed) log.info({ path }, "Removed an empty leftover of an earlier server.");
  for (const { path, error } of failed) log.error({ path, err: error }, "A leftover could not be finished.");
}

/** @returns the address to open. */
async function listen(server: Server, { host, port }: ServerConfig): Promise<string> {
  const listening = deferred<void>();
  server.once("error", listening.reject);
  server.listen(port, host, listening.resolve);
  try {
    await listening.promise;
  } catch (error) {
    throw new StartError(whyNotListening(codeOf(error), host, port), { cause: error });
  }
  server.off("error", listening.reject);
  const bound = server.address();
  const boundPort = typeof bound === "object" && bound !== null ? bound.port : port;
  // Pages get a microphone only on an address that the browser knows to be local.
  const shown = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `http://${shown.includes(":") ? `[${shown}]` : shown}:${boundPort}`;
}

function whyNotListening(code: string, host: string, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use; stop the other program, or set PORT (or --port) to another port, 0 for any free one.`;
    case "EACCES":
      return `Port ${port} on ${host} is not allowed to this user; set PORT (or --port) to one from 1024 to 65535.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `HOST (or --host) is ${JSON.stringify(host)}, and must be an address of this machine, such as 127.0.0.1 or 0.0.0.0.`;
    default:
      return `The server cannot listen on ${host} port ${port} (${code}); set HOST and PORT to an address that is free.`;
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

main().catch((error: unknown) => {
  process.stderr.write(
    error instanceof StartError ? `${error.message}\n` : `${error instanceof Error ? error.stack : error}\n`,
  );
  process.exit(1);
});

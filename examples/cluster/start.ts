import { once } from "node:events";
import { access, mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { delimiter, join, resolve } from "node:path";
import { Balancer } from "./balancer.js";
import { Program } from "./program.js";

const NODES = 2;
const NODE = [process.execPath, "--import", "tsx", "examples/server/start/start.ts"];
const HOST = "127.0.0.1";

/** Started last, and to be ended first. */
const started: { stop(): Promise<void> }[] = [];

let startedRedis = false;
let stopBalancer: (() => Promise<void>) | undefined;

async function main(): Promise<void> {
  const { folder, port, givenStore } = readSettings();
  const store = givenStore ?? (await startRedis(join(folder, "redis")));
  const balancer = await Balancer.listen({ host: HOST, port, nodes: [] }).catch((error: unknown) => {
    throw new Error(
      `Port ${port} on ${HOST} cannot be had (${codeOf(error)}); set PORT to another port, 0 for any free one.`,
    );
  });
  stopBalancer = () => balancer[Symbol.asyncDispose]();
  const address = `http://${HOST}:${balancer.port}`;
  const common = { HOST, PORT: "0", LX_STORE: store, LX_PEERS: address };
  for (let count = 1; count <= NODES; count += 1) {
    const outDir = join(folder, `node-${count}`);
    const node = new Program(`Node ${count}`, NODE, { ...common, LX_OUT_DIR: outDir });
    started.unshift(node);
    // The first one builds what it serves, if anything has changed.
    await balancer.add(Number(await node.printed(/^LoquiLex demo: http:\/\/.*:(\d+)/)));
  }
  process.stdout.write(`LoquiLex demo: ${address}\n`);
}

/**
 * What the cluster itself has to know; the rest goes to the servers as it is, and they say what is wrong with it.
 * @throws Error with a sentence for people.
 */
function readSettings() {
  const { LX_OUT_DIR, LX_STORE, LX_TLS_CERT, LX_TLS_KEY, PORT } = process.env;
  if (process.argv.length > 2) {
    throw new Error("A cluster takes no options; set PORT, LX_OUT_DIR and the servers' settings as variables.");
  }
  if (LX_TLS_CERT || LX_TLS_KEY) {
    throw new Error(
      "LX_TLS_CERT and LX_TLS_KEY must not be set for a cluster, whose servers speak without TLS on this machine.",
    );
  }
  const port = PORT || "8787";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`PORT is ${JSON.stringify(port)}, and must be a whole number from 0 to 65535.`);
  }
  // Servers that know of no sessions but their own are no cluster.
  const givenStore = LX_STORE === "" || LX_STORE === "memory" ? undefined : LX_STORE;
  return { folder: resolve(LX_OUT_DIR || "./out"), port: Number(port), givenStore };
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

/** @returns its address. @throws Error that says what to do, if there is no Redis. */
async function startRedis(folder: string): Promise<string> {
  const places = (process.env.PATH ?? "").split(delimiter).map((path) => access(join(path, "redis-server")));
  if ((await Promise.allSettled(places)).every(({ status }) => status === "rejected")) {
    throw new Error(
      "redis-server is not on the PATH. Install it (Debian: apt-get install redis-server), or set LX_STORE to the address of a Redis.",
    );
  }
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new Error(
      `LX_OUT_DIR must be a folder that this user can make and write to: ${folder} cannot be made (${codeOf(error)}).`,
    );
  });
  const port = await freePort();
  // What it has acknowledged survives its own end.
  const options = ["--bind", HOST, "--port", String(port), "--dir", folder, "--save", "", "--appendonly", "yes"];
  const redis = new Program("Redis", ["redis-server", ...options]);
  started.unshift(redis);
  startedRedis = true;
  await redis.printed(/Ready to accept connections/);
  return `redis://${HOST}:${port}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

let stopping: Promise<void> | undefined;

/** Ends everything, each before what it needs. */
async function stopAll(): Promise<void> {
  await stopBalancer?.();
  const programs = started.splice(0);
  const redis = startedRedis ? programs.pop() : undefined;
  await Promise.all(programs.map((program) => program.stop()));
  await redis?.stop();
}

const end = (code: number): void => {
  stopping ??= stopAll();
  void stopping.then(() => process.exit(code));
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => end(0));
main().catch((error: unknown) => {
  if (stopping === undefined) process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  end(1);
});

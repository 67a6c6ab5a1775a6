import { once } from "node:events";
import { access } from "node:fs/promises";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { codeOf } from "../server/error-code.js";
import { makeFolder } from "../server/recording/files/make-folder.js";
import { readInvocation } from "../server/start/config.js";
import { StartError } from "../server/start/start-error.js";
import { Balancer } from "./balancer.js";
import { Program } from "./program.js";

const NODES = 2;
const NODE = [process.execPath, "--import", "tsx", "examples/server/start/start.ts"];
const HOST = "127.0.0.1";

/** Started last, and to be ended first. */
const started: { stop(): Promise<void> }[] = [];

let startedRedis = false;

async function main(): Promise<void> {
  const given = process.argv.slice(2);
  // What is wrong is said before anything is started.
  const invocation = readInvocation(given, process.env);
  if (invocation.kind === "help") {
    process.stdout.write(invocation.text);
    return;
  }
  const { outDir: folder, port, tlsCert, store: asked } = invocation.config;
  if (tlsCert !== undefined) {
    throw new StartError(
      "LX_TLS_CERT and LX_TLS_KEY must not be set for a cluster, whose servers speak without TLS here.",
    );
  }
  const store = asked === "memory" ? await startRedis(join(folder, "redis")) : asked;
  const ports: number[] = [];
  for (let count = 1; count <= NODES; count += 1) {
    const outDir = join(folder, `node-${count}`);
    const own = ["--host", HOST, "--port", "0", "--out-dir", outDir, ...(asked === "memory" ? ["--store", store] : [])];
    // An address may hold a password, which must not be in the list of processes.
    const node = new Program(`Node ${count}`, [...NODE, ...given, ...own], { LX_STORE: store });
    started.unshift(node);
    // The first one builds what it serves, if anything has changed.
    ports.push(Number(await node.printed(/^LoquiLex demo: http:\/\/.*:(\d+)/)));
  }
  const balancer = await Balancer.listen({ host: HOST, port, nodes: ports }).catch((error: unknown) => {
    throw new StartError(
      `Port ${port} on ${HOST} cannot be had (${codeOf(error)}); set PORT (or --port) to another port, 0 for any free one.`,
    );
  });
  started.unshift({ stop: () => balancer[Symbol.asyncDispose]() });
  process.stdout.write(`LoquiLex demo: http://${HOST}:${balancer.port}\n`);
}

/** @returns its address. @throws Error that says what to do, if there is no Redis. */
async function startRedis(folder: string): Promise<string> {
  const places = (process.env.PATH ?? "").split(delimiter).map((path) => access(join(path, "redis-server")));
  if ((await Promise.allSettled(places)).every(({ status }) => status === "rejected")) {
    throw new Error(
      "redis-server is not on the PATH. Install it (Debian: apt-get install redis-server), or set LX_STORE to the address of a Redis.",
    );
  }
  await makeFolder(folder).catch((error: unknown) => {
    throw new StartError(
      `LX_OUT_DIR (or --out-dir) must be a folder that this user can make and write to: ${folder} cannot be made (${codeOf(error)}).`,
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
  const [balancer, ...programs] = started.splice(0);
  await balancer?.stop();
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

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "loquilex/resources";
import { findProgram } from "./find-chromium-programs.js";
import { freePort } from "./free-port.js";

const START_TIMEOUT_MS = 10_000;

/** A Redis of its own, with what it writes in a folder of its own. It ends with this process. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  /** @throws Error that says how to install Redis, if it is not there. */
  static async start(): Promise<RedisServer> {
    if ((await findProgram("redis-server")) === undefined) {
      throw new Error(
        "redis-server is not on the PATH. On Debian: apt-get install -y --no-install-recommends redis-server",
      );
    }
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), "loquilex-redis-")));
    await server.run();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again with what it had written. */
  async run(): Promise<void> {
    const options = ["--bind", "127.0.0.1", "--port", String(this.port), "--dir", this.#folder, "--save", ""];
    // Its input ends with this process, in whatever way that ends.
    const leash = '{ cat; kill -s KILL "$$"; } <&3 >/dev/null 2>&1 & exec 3<&-; exec "$0" "$@"';
    const child = spawn("sh", ["-c", leash, "redis-server", ...options, "--appendonly", "yes"], {
      stdio: ["ignore", "ignore", "inherit", "pipe"],
      detached: true,
    });
    this.#child = child;
    const deadline = systemClock.now() + START_TIMEOUT_MS;
    while (!(await says(this.port, "PING", "+PONG"))) {
      if (child.exitCode !== null || systemClock.now() > deadline) throw new Error("redis-server did not start.");
      await new Promise((resolve) => systemClock.schedule(20, () => resolve(undefined)));
    }
  }

  /** Ends it as a power cut would. */
  async kill9(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const exit = once(child, "exit");
    signalGroup(child, "SIGKILL");
    await exit;
    for (const pipe of child.stdio) pipe?.destroy();
  }

  pause(): void {
    if (this.#child !== undefined) signalGroup(this.#child, "SIGSTOP");
  }

  resume(): void {
    if (this.#child !== undefined) signalGroup(this.#child, "SIGCONT");
  }

  /** What it answers to one command, as it comes over the wire, if that is short. */
  async ask(command: string): Promise<string> {
    return (await answerTo(this.port, command)) ?? "";
  }

  /** How many keys there are of this pattern. */
  async keys(pattern: string): Promise<number> {
    return Number(/^\*(\d+)/.exec(await this.ask(`KEYS ${pattern}`))?.[1]);
  }

  /** Loses everything while it runs. */
  async forgetEverything(): Promise<void> {
    if (!(await says(this.port, "FLUSHALL", "+OK"))) throw new Error("redis-server has not forgotten everything.");
  }

  /** Drops one key, as it does by itself if its memory is full and it is set up so. */
  async forget(key: string): Promise<void> {
    if (!(await says(this.port, `DEL ${key}`, ":1"))) throw new Error("redis-server does not know this key.");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, signal);
}

/** Whether it answers so. One that still loads its file accepts connections already. */
const says = async (port: number, command: string, answer: string): Promise<boolean> =>
  (await answerTo(port, command))?.startsWith(answer) === true;

function answerTo(port: number, command: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(String(data));
    });
    socket.once("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
  });
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "loquilex/resources";
import { compiledBackend } from "./compiled-backend.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** How long a backend may take to start on a busy machine. */
export const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const KEPT_LOG_LINES = 200;

export interface BackendOptions {
  /** Added to the environment; `PORT` and `LX_OUT_DIR` are set for you. */
  readonly env?: Readonly<Record<string, string>>;
  /** Added to the command line. */
  readonly args?: readonly string[];
  /** Modules to load before the backend, relative to the project; it runs from its sources then, as `npm start` runs it. */
  readonly imports?: readonly string[];
  /** A shell command to run in the backend's process before it starts, such as a limit. @defaultValue "true" */
  readonly prefix?: string;
  /** Use a folder that is already there, as after a restart, and leave it alone at the end. */
  readonly outDir?: string;
  /** @defaultValue 0, which is any free port */
  readonly port?: number;
  /**
   * Whether it gets a namespace of process numbers of its own, in which it is number 1, as in a container. Needs `unshare`
   * (util-linux) and the right to use it, as root has it; without them `start()` rejects with what `unshare` said.
   * @defaultValue false
   */
  readonly ownProcessNumbers?: boolean;
  /**
   * Bytes of a disk of its own, in memory, which only it sees and which goes with it; its folder is on that. Needs what
   * {@link ownProcessNumbers} needs. @defaultValue the disk of the temporary folder
   */
  readonly ownDiskBytes?: number;
}

/** Ends what it has started if it is ended itself. */
const UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** In a namespace of mounts, so that nothing is left of it whatever becomes of the process. */
const withOwnDisk = (bytes: number): string[] => [
  ...["unshare", "--mount", "sh", "-c"],
  `mount -t tmpfs -o size=${bytes} none "$LX_OUT_DIR" && exec "$0" "$@"`,
];

/** The reference backend in a process of its own, with an output folder of its own. */
export class BackendProcess implements AsyncDisposable {
  /** Where the demo page is, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Its folder, as this process sees it. */
  readonly outDir: string;
  /** Of the server's process, as this one sees it. */
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #log: readonly string[];
  /** To be removed with it. */
  readonly #ownFolder: string | undefined;

  private constructor(
    child: ChildProcess,
    pid: number,
    url: string,
    outDir: string,
    options: BackendOptions,
    log: readonly string[],
  ) {
    this.#child = child;
    this.pid = pid;
    this.#log = log;
    this.#ownFolder = options.outDir === undefined ? outDir : undefined;
    this.url = url;
    this.port = Number(new URL(url).port);
    // Its disk is seen by way of its process.
    this.outDir = options.ownDiskBytes === undefined ? outDir : `/proc/${pid}/root${outDir}`;
  }

  /** @throws Error with what the backend said when it ends, or says no address, instead of starting. */
  static async start(options: BackendOptions = {}): Promise<BackendProcess> {
    const outDir = options.outDir ?? (await mkdtemp(join(tmpdir(), "loquilex-out-")));
    const { ownDiskBytes } = options;
    const wrapper = options.ownProcessNumbers === true ? UNSHARE : [];
    const disk = ownDiskBytes === undefined ? [] : withOwnDisk(ownDiskBytes);
    const node = [...disk, ...wrapper, process.execPath, ...(await nodeArguments(options))];
    const program = [...node, ...(options.args ?? [])];
    const child = spawn("sh", ["-c", `${options.prefix ?? "true"} && exec "$0" "$@"`, ...program], {
      cwd: ROOT,
      // A group of its own, so that a recogniser it may leave behind can be ended with it.
      detached: true,
      env: { ...process.env, HOST: "127.0.0.1", ...options.env, PORT: String(options.port ?? 0), LX_OUT_DIR: outDir },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const log: string[] = [];
    let cancel: () => void = () => {};
    try {
      const url = await new Promise<string>((resolve, reject) => {
        const fail = (what: string): void => reject(new Error(`The backend ${what}. It said:\n${log.join("\n")}`));
        cancel = systemClock.schedule(START_TIMEOUT_MS, () => fail("told no address in time"));
        child.once("error", reject);
        child.once("exit", (code, signal) => fail(`ended with ${signal ?? `code ${code}`} instead of starting`));
        for (const stream of [child.stdout, child.stderr]) {
          createInterface({ input: stream }).on("line", (line) => {
            log.push(line);
            if (log.length > KEPT_LOG_LINES) log.shift();
            const address = /LoquiLex demo: (https?:\/\/\S+?)\/?$/.exec(line)?.[1];
            if (address !== undefined) resolve(address);
          });
        }
      });
      const pid = wrapper.length === 0 ? child.pid : onlyChildOf(child.pid ?? 0);
      return new BackendProcess(child, pid ?? 0, url, outDir, options, log);
    } catch (error) {
      killGroup(child);
      throw error;
    } finally {
      cancel();
    }
  }

  /** Where a stream connects to. */
  get webSocketUrl(): string {
    return `${this.url.replace(/^http/, "ws")}/v1/stream`;
  }

  /** The last lines of its output. */
  get log(): string {
    return this.#log.join("\n");
  }

  /** Paths of the files in the output folder, at any depth, whose name ends like this. */
  async files(ending: string): Promise<string[]> {
    const names = await readdir(this.outDir, { recursive: true });
    return names.filter((name) => name.endsWith(ending)).map((name) => join(this.outDir, name));
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Asks it to stop, as Ctrl+C does, and resolves with its exit code; `null` when it had to be killed. */
  async stop(timeoutMs = STOP_TIMEOUT_MS): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, "exit");
      this.signal("SIGTERM");
      const cancel = systemClock.schedule(timeoutMs, () => killGroup(this.#child));
      await exit;
      cancel();
    }
    return this.#child.exitCode;
  }

  /** Ends it as a power cut would. */
  async kill9(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.signal("SIGKILL");
    await exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    killGroup(this.#child);
    if (this.#ownFolder !== undefined) await rm(this.#ownFolder, { recursive: true, force: true });
  }
}

async function nodeArguments({ imports = [] }: BackendOptions): Promise<string[]> {
  if (imports.length === 0) return [await compiledBackend()];
  const modules = ["tsx", "./test/support/backend-process-leash.ts", ...imports];
  return [...modules.flatMap((module) => ["--import", module]), "examples/server/main.ts"];
}

const onlyChildOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));

/** Whatever of the process and its children is still there. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing is left, which is what this is for.
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants, setPriority } from "node:os";
import { createInterface } from "node:readline";
import { systemClock } from "loquilex/resources";

const STOP_TIMEOUT_MS = 5_000;
const KEPT_LINES = 50;
const WELL = "ended with code 0";

/**
 * The child's standard input ends with this process, in whatever way it ends, and then the child's whole group is killed.
 * The child itself gets no input.
 */
const LEASH = 'exec 3<&0 </dev/null; { cat <&3; kill -s KILL 0; } >/dev/null 2>&1 & exec 3<&-; exec "$0" "$@"';

export interface LeashedOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** All of the environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** A program with everything it starts, in a group of its own that outlives neither its owner nor this process. */
export class LeashedProcess implements AsyncDisposable {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<() => void>();
  /** How it ended. */
  #end: string | undefined;

  constructor({ command, args, env }: LeashedOptions) {
    this.#name = command;
    this.#child = spawn("sh", ["-c", LEASH, command, ...args], {
      detached: true,
      env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    putFirst(this.#child.pid);
    this.#child.once("error", (error) => this.#ended(`could not be started: ${error.message}`));
    this.#child.once("exit", (code, signal) => this.#ended(`ended with ${signal ?? `code ${code}`}`));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.#lines.push(line);
        if (this.#lines.length > KEPT_LINES) this.#lines.shift();
        this.#changed();
      });
    }
  }

  /** Resolves with what matches as soon as the program has written it. @throws Error with its output when it does not. */
  async written(pattern: RegExp, timeoutMs = 30_000): Promise<string> {
    let late = false;
    const cancel = systemClock.schedule(timeoutMs, () => {
      late = true;
      this.#changed();
    });
    try {
      for (;;) {
        for (const line of this.#lines) {
          const found = pattern.exec(line);
          if (found !== null) return found[1] ?? found[0];
        }
        const failure = this.#end ?? (late ? `wrote nothing like ${pattern} in ${timeoutMs} ms` : undefined);
        if (failure !== undefined) throw this.#error(failure);
        await this.#change();
      }
    } finally {
      cancel();
    }
  }

  /** Resolves when it has ended well by itself. @throws Error with its output when it has not. */
  async finished(): Promise<void> {
    while (this.#end === undefined) await this.#change();
    if (this.#end !== WELL) throw this.#error(this.#end);
  }

  /** @throws Error if it could not be started. */
  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw this.#error("could not be started");
    return pid;
  }

  /** Resolves when it has ended, however. */
  async ended(): Promise<void> {
    while (this.#end === undefined) await this.#change();
  }

  /** @throws Error with its output once it has ended. */
  expectAlive(): void {
    if (this.#end !== undefined) throw this.#error(this.#end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (this.#end === undefined) {
      const exit = once(this.#child, "exit");
      const cancel = systemClock.schedule(STOP_TIMEOUT_MS, () => killGroup(pid, "SIGKILL"));
      killGroup(pid, "SIGTERM");
      await exit;
      cancel();
    }
    killGroup(pid, "SIGKILL");
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) pipe?.destroy();
  }

  #ended(end: string): void {
    this.#end ??= end;
    this.#changed();
  }

  #error(what: string): Error {
    return new Error(`${this.#name} ${what}. It said:\n${this.#lines.join("\n")}`);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#listeners.add(resolve));
  }

  #changed(): void {
    const listeners = Array.from(this.#listeners);
    this.#listeners.clear();
    for (const wake of listeners) wake();
  }
}

/** Where that is allowed: an engine that gets no processor time leaves out audio by itself. */
function putFirst(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGH);
  } catch {
    // Only root may.
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface AskedProgramOptions {
  /** @defaultValue none */
  readonly args?: readonly string[];
  /** Makes another command line of the program's, such as one that keeps it on one core. @defaultValue as it is */
  readonly wrap?: (command: readonly string[]) => readonly string[];
}

/**
 * A module in a process of its own, which is asked and answers; `answer-requests.ts` is its other end. What runs there
 * delays nothing here, and the watch over a test's resources does not slow it down.
 */
export class AskedProgram implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(module: URL, { args = [], wrap = (command) => command }: AskedProgramOptions = {}) {
    const [command = "", ...rest] = wrap([process.execPath, "--import", "tsx", fileURLToPath(module), ...args]);
    this.#child = spawn(command, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws Error if it ends instead of saying something. */
  async hear<T>(): Promise<T> {
    const stop = new AbortController();
    const { signal } = stop;
    const ended = once(this.#child, "exit", { signal }).then(() => {
      throw new Error(`${this.#child.spawnargs.join(" ")} ended with code ${this.#child.exitCode}.`);
    });
    try {
      const [message] = await Promise.race([once(this.#child, "message", { signal }), ended]);
      return message as T;
    } finally {
      stop.abort();
    }
  }

  async ask<T>(request: object): Promise<T> {
    const answer = this.hear<T>();
    this.#child.send(request);
    return await answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}

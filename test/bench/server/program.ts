import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { pinned } from "./pinning.js";

/** A module of this folder in a process of its own, on one core, which is asked and answers. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(module: string, core: number, args: readonly string[] = []) {
    const path = fileURLToPath(new URL(module, import.meta.url));
    const [command = "", ...rest] = pinned(core, [process.execPath, "--import", "tsx", path, ...args]);
    this.#child = spawn(command, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws Error if it ends instead of saying something. */
  async hear<T>(): Promise<T> {
    const said = once(this.#child, "message");
    const ended = once(this.#child, "exit").then(() => {
      throw new Error(`${this.#child.spawnargs.join(" ")} ended with code ${this.#child.exitCode}.`);
    });
    const [message] = await Promise.race([said, ended]);
    return message as T;
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

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { systemClock } from "loquilex/resources";

/** Ends the program when its standard input ends, as it does with this process, in whatever way that ends. */
const LEASH = 'exec 3<&0 </dev/null; { cat <&3; kill -s TERM "$$"; } >/dev/null 2>&1 & exec 3<&-; exec "$0" "$@"';

/** How long a program may take to end before it is killed. The nodes need at most ten seconds. */
const STOP_MS = 12_000;

/** A program that does not outlive this one. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(name: string, command: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#name = name;
    this.#child = spawn("sh", ["-c", LEASH, ...command], {
      // Ctrl+C in a terminal goes to this process alone, which ends the others in their order.
      detached: true,
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#ended = once(this.#child, "exit");
    this.#ended.catch(() => {});
  }

  /** Resolves when it has ended. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** Resolves with what matches in a line that it prints. @throws Error if it ends before. */
  async printed(pattern: RegExp): Promise<string> {
    const { stdout } = this.#child;
    if (stdout !== null) {
      for await (const line of createInterface({ input: stdout })) {
        const found = pattern.exec(line);
        if (found === null) continue;
        stdout.resume();
        return found[1] ?? found[0];
      }
    }
    throw new Error(`${this.#name} has ended instead of starting.`);
  }

  /** Asks it to end, and resolves when it has. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    const cancel = systemClock.schedule(STOP_MS, () => this.#child.kill("SIGKILL"));
    await this.#ended;
    cancel();
  }
}

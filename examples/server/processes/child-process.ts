import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { type Clock, type Deferred, deferred, type Registration, randomId, type Scope } from "loquilex/resources";
import { LineDecoder } from "./line-decoder.js";
import { killMarked, killMarkedNow, MARK } from "./marked-processes.js";
import { type OutputLimit, OutputMeter } from "./output-meter.js";

const STDERR_TAIL_BYTES = 4_096;
/** How long the output of a child that has ended may stay open, held by something that it started. */
const EXIT_GRACE_MS = 500;
/** Begins the mark of every child of this process. */
const OWN_MARK = randomId();

export interface ChildProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Variables of the child. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly scope: Scope;
  /** How long the child has between SIGTERM and SIGKILL, in milliseconds. @defaultValue 2_000 */
  readonly killAfterMs?: number | undefined;
  /** @defaultValue none: its lines are handed out as they come */
  readonly outputLimit?: OutputLimit | undefined;
  /** A line the child printed, without its end. */
  onLine(line: string): void;
  /** The child is gone and all it printed has been handed out. Called once, also when it could not be started. */
  onExit(exit: ChildExit): void;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  readonly error: Error | undefined;
  /** The last 4 KiB it wrote to stderr. */
  readonly stderr: string;
}

/**
 * A child process that is fed through stdin and prints lines. It leads its own process group, and bears a mark in its
 * environment, so that what it starts goes with it; a server that dies closes its stdin, which tells it to end.
 */
export class ChildProcess {
  static readonly #alive = new Set<ChildProcess>();
  readonly #options: ChildProcessOptions;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines = new LineDecoder();
  readonly #meter: OutputMeter;
  readonly #mark = `${OWN_MARK}.${randomId()}`;
  readonly #closed: Deferred<void> = deferred();
  /** Nothing is left of what it started. */
  readonly #swept: Deferred<void> = deferred();
  readonly #registration: Registration;
  #stderr: Buffer = Buffer.alloc(0);
  #startError: Error | undefined;
  /** Waits for room in the child's stdin. */
  #room: Deferred<void> | undefined;
  #exited = false;
  #paused = false;
  #disposal: Promise<void> | undefined;

  /** The safety net of an exit that waits for nothing: ends, at once, every child that is still there. */
  static killAll(): void {
    for (const child of ChildProcess.#alive) child.#signal("SIGKILL");
    if (ChildProcess.#alive.size > 0) killMarkedNow(OWN_MARK);
  }

  constructor(options: ChildProcessOptions) {
    this.#options = options;
    this.#child = spawn(options.command, options.args, {
      detached: true,
      env: { ...options.env, [MARK]: this.#mark },
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    this.#meter = new OutputMeter({
      limit: options.outputLimit,
      clock: options.clock,
      scope: options.scope,
      onLine: options.onLine,
      onBusy: (busy) => void (busy ? this.#child.stdout.pause() : this.#child.stdout.resume()),
    });
    this.#watch();
    ChildProcess.#alive.add(this);
    this.#registration = options.scope.defer(`subprocess ${options.command}`, () => this.dispose());
  }

  /** @returns nothing when the child takes more at once, or a promise that resolves when it does or when it is gone. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    const { stdin } = this.#child;
    if (!stdin.writable || this.#exited) return undefined;
    if (stdin.write(bytes)) return undefined;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  /** Whether the child and all it started stand still. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Makes the child and all it started stand still until {@link resume}; what is written waits. */
  pause(): void {
    if (this.#exited || this.#disposal !== undefined) return;
    this.#paused = true;
    this.#signal("SIGSTOP");
  }

  /** Ignored unless paused. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#signal("SIGCONT");
  }

  /** Closes stdin, and resolves when the child has ended and its last line was handed out. A paused one goes on for it. */
  end(): Promise<void> {
    this.resume();
    this.#child.stdin.end();
    return this.#closed.promise;
  }

  /** Ends the child and all it started: SIGTERM, then SIGKILL. Resolves when it is gone; never rejects. Idempotent. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#terminate();
    return this.#disposal;
  }

  async #terminate(): Promise<void> {
    const { stdin, stdout, stderr } = this.#child;
    stdin.destroy();
    this.#signal("SIGTERM");
    // One that stands still could not even clean up.
    this.resume();
    if (!(await this.#closesWithin(this.#options.killAfterMs ?? 2_000))) {
      this.#signal("SIGKILL");
      if (!(await this.#closesWithin(1_000))) {
        stdout.destroy();
        stderr.destroy();
        this.#child.unref();
        await this.#sweep();
      }
    }
    await this.#swept.promise;
    this.#registration.release();
  }

  /** The group first, and the child alone where groups do not exist. What is already gone is not an error. */
  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      this.#child.kill(signal);
    }
  }

  #closesWithin(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(timeoutMs, () => resolve(false));
      void this.#closed.promise.then(() => {
        cancel();
        resolve(true);
      });
    });
  }

  #watch(): void {
    const child = this.#child;
    child.on("error", (error) => {
      if (child.pid === undefined) this.#startError = error;
    });
    child.on("exit", () => {
      this.#exited = true;
      this.#paused = false;
      this.#letWritersGo();
      this.#closeAfterGrace();
    });
    // "exit" comes while output is still in the pipes; only "close" says that all of it has been read.
    child.on("close", (code, signal) => this.#close(code, signal));
    // A child that stops reading makes writes fail with EPIPE, which would end this process if nobody listened.
    child.stdin.on("error", () => this.#letWritersGo());
    child.stdin.on("close", () => this.#letWritersGo());
    child.stdin.on("drain", () => this.#letWritersGo());
    child.stdout.on("data", (chunk: Buffer) => this.#meter.push(this.#lines.push(chunk)));
    child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-STDERR_TAIL_BYTES);
    });
  }

  /** What a child started may hold its output open for as long as it likes. */
  #closeAfterGrace(): void {
    const { stdout, stderr } = this.#child;
    const cancel = this.#options.clock.schedule(EXIT_GRACE_MS, () => {
      stdout.destroy();
      stderr.destroy();
    });
    void this.#closed.promise.then(cancel);
  }

  async #sweep(): Promise<void> {
    const { pid } = this.#child;
    if (pid !== undefined) await killMarked(this.#mark, pid);
    this.#swept.resolve();
  }

  #close(code: number | null, signal: NodeJS.Signals | null): void {
    this.#exited = true;
    // What the child left running in its group would be an orphan.
    this.#signal("SIGKILL");
    ChildProcess.#alive.delete(this);
    this.#child.stdin.destroy();
    this.#letWritersGo();
    this.#registration.release();
    this.#meter.push(this.#lines.end());
    this.#meter.end();
    void this.#sweep();
    const stderr = new TextDecoder().decode(this.#stderr).trim();
    const error = this.#startError;
    this.#options.onExit({ code: error === undefined ? code : null, signal, error, stderr });
    this.#closed.resolve();
  }

  #letWritersGo(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}

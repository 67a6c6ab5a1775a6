import type { Clock } from "loquilex/resources";
import { childEnvironment } from "../processes/child-environment.js";
import { type ChildExit, ChildProcess } from "../processes/child-process.js";
import { type Engine, type EngineOpenOptions, EngineRefusal, type EngineRun } from "./engine.js";

const SAMPLE_RATE = 16_000;
/** Silence in place of a gap, enough for a recogniser to end its sentence. */
const GAP_SILENCE_SEC = 1;

interface SubprocessEngineOptions {
  readonly name: string;
  /** The program and its arguments. */
  readonly program: readonly string[];
  readonly clock: Clock;
}

/**
 * An engine that is a program: it reads raw 16 kHz mono s16le on stdin and prints one line per segment. When exactly a
 * line was spoken it does not say, so a segment reaches from the end of the one before to the audio given so far.
 */
export function subprocessEngine(options: SubprocessEngineOptions): Engine {
  return {
    name: options.name,
    open(openOptions) {
      const { sampleRate, channels } = openOptions.format;
      if (sampleRate !== SAMPLE_RATE || channels !== 1) {
        throw new EngineRefusal(
          `The engine ${options.name} takes 16000 Hz mono only, and this stream is ${sampleRate} Hz with ${channels} channels.`,
        );
      }
      openOptions.onStatus({ engine: options.name, words: true, detail: "" });
      return new SubprocessRun(options, openOptions);
    },
  };
}

/** Many programs open `/dev/stdin` by name, which works for a pipe and not for the socket that Node gives a child. */
const THROUGH_A_PIPE = 'cat | exec "$0" "$@"';

class SubprocessRun implements EngineRun {
  readonly #name: string;
  readonly #options: EngineOpenOptions;
  readonly #subprocess: ChildProcess;
  #position: number;
  #reportedTo: number;
  #lines = 0;
  #ending = false;
  #disposed = false;

  constructor(engine: SubprocessEngineOptions, options: EngineOpenOptions) {
    this.#name = engine.name;
    this.#options = options;
    this.#position = options.startPosition;
    this.#reportedTo = options.startPosition;
    this.#subprocess = new ChildProcess({
      command: "sh",
      args: ["-c", THROUGH_A_PIPE, ...engine.program],
      clock: engine.clock,
      scope: options.scope,
      env: childEnvironment(),
      onLine: (line) => this.#line(line),
      onExit: (exit) => this.#exit(exit),
    });
  }

  write(samples: Uint8Array, position: number): Promise<void> | undefined {
    this.#position = position + samples.byteLength / 2;
    return this.#subprocess.write(Uint8Array.from(samples));
  }

  gap(from: number, to: number): void {
    const samples = Math.min(to - from, GAP_SILENCE_SEC * SAMPLE_RATE);
    void this.#subprocess.write(new Uint8Array(2 * samples));
    this.#position = to;
  }

  end(): Promise<void> {
    this.#ending = true;
    return this.#subprocess.end();
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    return this.#subprocess.dispose();
  }

  #line(line: string): void {
    const text = line.trim();
    if (text === "" || this.#disposed) return;
    const from = this.#reportedTo;
    this.#reportedTo = this.#position;
    this.#lines += 1;
    this.#options.onSegment({
      text,
      segmentId: `${this.#name}-${from}-${this.#lines}`,
      final: true,
      from,
      to: this.#position,
    });
  }

  #exit(exit: ChildExit): void {
    if (this.#disposed || (this.#ending && exit.code === 0)) return;
    const how = exit.error?.message ?? (exit.signal === null ? `exit code ${exit.code}` : `the signal ${exit.signal}`);
    const lastWords = exit.stderr.split("\n").at(-1)?.trim() ?? "";
    const said = lastWords === "" ? "" : `; its last words were: ${lastWords.slice(0, 300)}`;
    this.#options.onError(new Error(`The engine ${this.#name} ended with ${how}${said}.`));
  }
}

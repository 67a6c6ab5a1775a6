import type { Clock } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import { type ChildExit, ChildProcess } from "../processes/child-process.js";
import { type Engine, type EngineOpenOptions, EngineRefusal, type EngineRun } from "./engine.js";
import { parseEngineLine } from "./engine-line.js";
import { InputClock } from "./input-clock.js";

const SAMPLE_RATE = 16_000;
/** Silence in place of a gap, enough for a recogniser to end its sentence. */
const GAP_SILENCE_SEC = 1;
/** More than any speech takes, and little enough to cost nobody else anything. */
const OUTPUT_LIMIT = { linesPerSec: 50, charactersPerSec: 65_536, burstSec: 10 };

export interface SubprocessEngineOptions {
  readonly name: string;
  /** The program and its arguments. */
  readonly program: readonly string[];
  /** The program's variables. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly logger: Log;
}

/**
 * An engine that is a program: it reads raw 16 kHz mono s16le on stdin and prints a line for each segment, as
 * {@link parseEngineLine} reads it. If a line does not say when it was spoken, its segment reaches from the end of the one
 * before to the audio given so far.
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
  readonly #engine: SubprocessEngineOptions;
  readonly #options: EngineOpenOptions;
  readonly #subprocess: ChildProcess;
  readonly #input: InputClock;
  #reportedTo: number;
  #segments = 0;
  /** What its segment that goes on is called. */
  #openId: string | undefined;
  #ending = false;
  #disposed = false;

  constructor(engine: SubprocessEngineOptions, options: EngineOpenOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#input = new InputClock(SAMPLE_RATE, options.startPosition);
    this.#reportedTo = options.startPosition;
    this.#subprocess = new ChildProcess({
      command: "sh",
      args: ["-c", THROUGH_A_PIPE, ...engine.program],
      env: engine.env,
      clock: engine.clock,
      scope: options.scope,
      outputLimit: OUTPUT_LIMIT,
      onLine: (line) => this.#line(line),
      onExit: (exit) => this.#exit(exit),
    });
  }

  write(samples: Uint8Array): Promise<void> | undefined {
    this.#input.advance(samples.byteLength / 2);
    return this.#subprocess.write(Uint8Array.from(samples));
  }

  gap(from: number, to: number): void {
    const samples = Math.min(to - from, GAP_SILENCE_SEC * SAMPLE_RATE);
    void this.#subprocess.write(new Uint8Array(2 * samples));
    this.#input.skip(samples, to);
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
    if (this.#disposed) return;
    const said = parseEngineLine(line);
    // What was never shown need not be taken back.
    if (said === undefined || (said.text === "" && this.#openId === undefined)) return;
    const position = (seconds: number) => this.#input.toStream(seconds);
    const from = said.from === undefined ? this.#reportedTo : position(said.from);
    const to = Math.max(from, said.to === undefined ? this.#input.position : position(said.to));
    if (this.#openId === undefined) this.#segments += 1;
    const segmentId = this.#openId ?? `${this.#engine.name}-${from}-${this.#segments}`;
    this.#openId = said.final ? undefined : segmentId;
    if (said.final) this.#reportedTo = Math.max(this.#reportedTo, to);
    const words = said.words?.map((word) => ({ text: word.text, from: position(word.from), to: position(word.to) }));
    const { text, final } = said;
    this.#options.onSegment({ text, segmentId, final, from, to, ...(words === undefined ? {} : { words }) });
  }

  #exit(exit: ChildExit): void {
    if (this.#disposed || (this.#ending && exit.code === 0)) return;
    const { name, logger } = this.#engine;
    // What it printed may name files, and is for whoever runs the server.
    logger.warn({ engine: name, code: exit.code, signal: exit.signal, stderr: exit.stderr }, "An engine ended.");
    const how = exit.signal === null ? `exit code ${exit.code}` : `the signal ${exit.signal}`;
    const message =
      exit.error === undefined ? `The engine ${name} ended with ${how}.` : `The engine ${name} could not be started.`;
    this.#options.onError(new Error(message));
  }
}

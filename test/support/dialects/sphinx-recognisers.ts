import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { VoskRecogniser } from "./vosk-service.js";

const PROGRAM = fileURLToPath(new URL("./vosk-recogniser.py", import.meta.url));
const BACKEND = fileURLToPath(
  new URL("../../../examples/server/engines/programs/listen-pocketsphinx.py", import.meta.url),
);
const RATE = 16_000;

/** pocketsphinx behind a Vosk server: one process for each connection, which has loaded its model before. */
export class SphinxRecognisers implements AsyncDisposable {
  readonly #loaded: SphinxRecogniser[] = [];
  readonly #all: SphinxRecogniser[] = [];

  /** @param count connections that need not wait for a model. */
  static async load(count: number): Promise<SphinxRecognisers> {
    const recognisers = new SphinxRecognisers();
    try {
      for (let left = count; left > 0; left -= 1) {
        const one = recognisers.#add();
        await one.loaded;
        recognisers.#loaded.push(one);
      }
      return recognisers;
    } catch (error) {
      await recognisers[Symbol.asyncDispose]();
      throw error;
    }
  }

  open(sampleRate: number): VoskRecogniser {
    if (sampleRate !== RATE) throw new RangeError(`The model is for ${RATE} Hz, and the stream has ${sampleRate} Hz.`);
    return this.#loaded.shift() ?? this.#add();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((one) => one.end()));
  }

  #add(): SphinxRecogniser {
    const one = new SphinxRecogniser();
    this.#all.push(one);
    return one;
  }
}

class SphinxRecogniser implements VoskRecogniser {
  /** Rejects with what Python said if there is no such recogniser on this machine. */
  readonly loaded: Promise<void>;
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #answers: ((json: string) => void)[] = [];

  constructor() {
    const child = spawn("python3", [PROGRAM, BACKEND], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    this.#exit = once(child, "exit");
    // Whoever is ended in the middle of a message has nobody who reads the rest.
    child.stdin.on("error", () => {});
    const complaints: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => complaints.push(line));
    const lines = createInterface({ input: child.stdout });
    this.loaded = new Promise((resolve, reject) => {
      this.#answers.push(() => resolve());
      lines.on("line", (line) => this.#answers.shift()?.(line));
      const fail = (): void => reject(new Error(`pocketsphinx did not start: ${complaints.join("\n")}`));
      this.#exit.then(fail, fail);
    });
    // One that is ended before anybody waits for it.
    this.loaded.catch(() => {});
  }

  hear(audio: Uint8Array, answer: (json: string) => void): void {
    if (audio.byteLength > 0) this.#ask(audio, answer);
  }

  finish(answer: (json: string) => void): void {
    this.#ask(new Uint8Array(), answer);
  }

  gone(): void {
    this.#answers.length = 0;
    this.#child.kill("SIGKILL");
  }

  async end(): Promise<void> {
    this.gone();
    await this.#exit.catch(() => {});
  }

  #ask(audio: Uint8Array, answer: (json: string) => void): void {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(audio.byteLength);
    this.#answers.push(answer);
    this.#child.stdin?.write(Buffer.concat([length, audio]));
  }
}

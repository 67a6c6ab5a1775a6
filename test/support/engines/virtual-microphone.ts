import { LeashedProcess } from "./leashed-process.js";

/** The sound server that a microphone is plugged into. */
export interface SoundServer {
  readonly env: Readonly<Record<string, string>>;
  /** In which its microphones hand on what they hear, in milliseconds. */
  readonly stepMs: number;
  control(...args: readonly string[]): Promise<string>;
}

/** At which full noise comes to −84 dBFS, by the sound server's cubic scale. */
const RUSTLE_VOLUME = 3_000;

/** A line into which files are played, and the microphone that hears it. */
export class VirtualMicrophone implements AsyncDisposable {
  /** As pages see it. */
  readonly name: string;
  readonly #server: SoundServer;
  readonly #channels: number;
  /** Of the line and of the microphone, as the server numbers them. */
  #modules: readonly string[] = [];
  #ear: LeashedProcess | undefined;

  private constructor(server: SoundServer, name: string, channels: number) {
    this.#server = server;
    this.name = name;
    this.#channels = channels;
  }

  /** @param name of letters and digits. */
  static async plugIn(server: SoundServer, name: string, channels: number): Promise<VirtualMicrophone> {
    const microphone = new VirtualMicrophone(server, name, channels);
    await microphone.plugIn();
    return microphone;
  }

  /** Again, where it was pulled out. */
  async plugIn(): Promise<void> {
    if (this.#modules.length > 0) return;
    const load = (module: string, ...args: readonly string[]): Promise<string> =>
      this.#server.control("load-module", module, ...args);
    const line = `${this.name}-line`;
    const form = ["rate=48000", `channels=${this.#channels}`, "format=s16le"];
    this.#modules = [
      await load("module-null-sink", `sink_name=${line}`, ...form),
      await load(
        "module-remap-source",
        `master=${line}.monitor`,
        `source_name=${this.name}`,
        `source_properties=device.description=${this.name}`,
      ),
    ];
    // Where nobody listens the line runs seconds ahead, and what is said then comes as much too late.
    const args = [`--device=${line}.monitor`, `--latency-msec=${this.#server.stepMs}`, "/dev/null"];
    this.#ear = new LeashedProcess({ command: "parec", args, env: this.#server.env });
  }

  /** Makes it the one that a page gets which names none. */
  async makeDefault(): Promise<void> {
    await this.#server.control("set-default-source", this.name);
  }

  /** Pulls the plug, whoever records from it. */
  async pullOut(): Promise<void> {
    for (const module of this.#modules.toReversed()) await this.#server.control("unload-module", module);
    this.#modules = [];
    await this[Symbol.asyncDispose]();
  }

  /** Plays a file into it, and resolves once all of it has been heard. */
  async speak(path: string): Promise<void> {
    const args = [`--device=${this.name}-line`, "--latency-msec=500", path];
    await using player = new LeashedProcess({ command: "paplay", args, env: this.#server.env });
    await player.finished();
  }

  /** Lets it give noise that nobody would hear, as a real one does, until what is returned is disposed of. */
  rustle(): AsyncDisposable {
    const form = ["--format=s16le", "--rate=48000", `--channels=${this.#channels}`];
    const args = [`--device=${this.name}-line`, ...form, `--volume=${RUSTLE_VOLUME}`, "/dev/urandom"];
    return new LeashedProcess({ command: "pacat", args, env: this.#server.env });
  }

  /** Lets go of what listens to the line, as the server's end does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ear?.[Symbol.asyncDispose]();
    this.#ear = undefined;
  }
}

/** The module that plays on the audio thread. It is bundled into one file by itself. */
import { PLAYER_NAME, type PlayerCommand, type PlayerSettings, type ToPlayer } from "../port-messages.js";
import { Player } from "./player.js";

/** What an AudioWorkletGlobalScope has, as far as the player needs it; TypeScript's own libraries do not declare it. */
interface PlayerScope {
  readonly sampleRate: number;
  /** When the quantum that is being rendered begins, in seconds. */
  readonly currentTime: number;
  readonly AudioWorkletProcessor: new () => { readonly port: MessagePort };
  registerProcessor(
    name: string,
    processor: new (options: { readonly processorOptions: PlayerSettings }) => object,
  ): void;
}

const scope = globalThis as unknown as PlayerScope;
/** How often the player says where it is while it plays, in seconds. */
const REPORT_SEC = 0.1;

class PlayerProcessor extends scope.AudioWorkletProcessor {
  readonly #player: Player;
  #link: MessagePort | undefined;
  #isOver = false;

  constructor({ processorOptions }: { readonly processorOptions: PlayerSettings }) {
    super();
    this.#player = new Player(processorOptions, REPORT_SEC * scope.sampleRate, {
      tell: (message) => this.#link?.postMessage(message),
      tellLoud: (span) => this.#link?.postMessage(span),
      report: (report) => this.port.postMessage(report),
    });
    this.port.onmessage = ({ data }: MessageEvent<PlayerCommand>) => {
      if (data.type === "port") this.#connect(data.port);
      else if (data.type === "interrupt") this.#player.interrupt();
      else this.#end();
    };
  }

  process(_inputs: unknown, [output]: readonly (readonly Float32Array[])[]): boolean {
    if (output !== undefined && !this.#isOver) {
      const { currentTime: from, sampleRate } = scope;
      this.#player.render(output, from, from + (output[0]?.length ?? 0) / sampleRate);
    }
    return !this.#isOver;
  }

  #connect(port: MessagePort): void {
    this.#link?.close();
    this.#link = port;
    port.onmessage = ({ data }: MessageEvent<ToPlayer>) => this.#player.take(data);
    this.#player.greet();
  }

  #end(): void {
    this.#isOver = true;
    this.#link?.close();
    this.port.close();
  }
}

try {
  scope.registerProcessor(PLAYER_NAME, PlayerProcessor);
} catch (error) {
  // The context already has it, from another load of this module.
  if (!(error instanceof Object && "name" in error && error.name === "NotSupportedError")) throw error;
}

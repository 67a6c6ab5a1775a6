import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { LeashedProcess } from "./leashed-process.js";
import { VirtualMicrophone } from "./virtual-microphone.js";

const run = promisify(execFile);

const START_TIMEOUT_MS = 15_000;

/** A program that records at another rate is to hear what was spoken, and not the quality of the server's resampler. */
const SETTINGS = `default-sample-rate = 48000
resample-method = speex-float-10
flat-volumes = no
`;

/**
 * A null sink that nobody listens to takes two seconds of sound at a time, and an engine that opens it, or its monitor, hears
 * nothing until they are over. One that leads to another, by a loopback that stays where it is, takes a few milliseconds.
 */
const LOUDSPEAKER = [
  "module-null-sink sink_name=loudspeaker rate=48000",
  "module-null-sink sink_name=nowhere rate=48000",
  "module-loopback source=loudspeaker.monitor sink=nowhere latency_msec=60 source_dont_move=yes sink_dont_move=yes",
];

/** A sound server of its own, with microphones that can be spoken into, plugged in and pulled out. */
export class VirtualSound implements AsyncDisposable {
  /** For programs that are to use it: nothing of the user's own sound server or settings reaches them. */
  readonly env: Readonly<Record<string, string>>;
  readonly stepMs: number;
  readonly #folder: string;
  readonly #server: LeashedProcess;
  readonly #microphones = new Set<VirtualMicrophone>();

  private constructor(folder: string, env: Readonly<Record<string, string>>, server: LeashedProcess, stepMs: number) {
    this.stepMs = stepMs;
    this.#folder = folder;
    this.env = env;
    this.#server = server;
  }

  /** @param stepMs in which its microphones hand on what they hear. */
  static async start(stepMs: number): Promise<VirtualSound> {
    // Of mode 0700, as a runtime directory has to be.
    const folder = await mkdtemp(join(tmpdir(), "loquilex-sound-"));
    const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, DBUS_SESSION_BUS_ADDRESS: _bus, ...inherited } = process.env;
    const env = {
      ...definedOnly(inherited),
      HOME: folder,
      XDG_RUNTIME_DIR: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      XDG_CACHE_HOME: join(folder, "cache"),
      XDG_DATA_HOME: join(folder, "data"),
      PULSE_SERVER: `unix:${join(folder, "pulse", "native")}`,
      PIPEWIRE_REMOTE: "nonexistent",
    };
    await mkdir(join(folder, "config", "pulse"), { recursive: true });
    await writeFile(join(folder, "config", "pulse", "daemon.conf"), SETTINGS);
    const args = ["--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "-n"];
    const modules = ["module-native-protocol-unix", ...LOUDSPEAKER];
    const server = new LeashedProcess({
      command: "pulseaudio",
      args: [...args, ...modules.flatMap((module) => ["-L", module])],
      env,
    });
    const sound = new VirtualSound(folder, env, server, stepMs);
    try {
      await sound.#answering();
      return sound;
    } catch (error) {
      await sound[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Plugs in a microphone; the first one is the default, and pages see its name as the device's label. */
  async plugIn(name: string, channels = 1): Promise<VirtualMicrophone> {
    const microphone = await VirtualMicrophone.plugIn(this, name, channels);
    this.#microphones.add(microphone);
    return microphone;
  }

  /** How many programs record from its microphones at this moment: what lights the recording indicator. */
  async recorders(): Promise<number> {
    const rows = async (what: string): Promise<string[][]> =>
      (await this.control("list", "short", what)).split("\n").map((line) => line.split("\t"));
    const names = Array.from(this.#microphones, ({ name }) => name);
    const indexes = (await rows("sources")).filter(([, name = ""]) => names.includes(name)).map(([index]) => index);
    return (await rows("source-outputs")).filter(([, source]) => indexes.includes(source)).length;
  }

  /** Runs `pactl`, and resolves with what it prints. */
  async control(...args: readonly string[]): Promise<string> {
    const { stdout } = await run("pactl", args, { env: { ...this.env, LC_ALL: "C" } });
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const microphone of this.#microphones) await microphone[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #answering(): Promise<void> {
    for (let waitedMs = 0; ; waitedMs += 50) {
      try {
        await this.control("info");
        return;
      } catch (error) {
        this.#server.expectAlive();
        if (waitedMs >= START_TIMEOUT_MS) throw new Error("PulseAudio does not answer.", { cause: error });
        await delay(50);
      }
    }
  }
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

import type { PlantedBug } from "../support/planted-bug.js";
import type { WorldName } from "./run-calls.js";

/** A bug, and over which devices it shows itself. */
export interface CallBug extends PlantedBug {
  readonly world: WorldName;
}

const bugsOf =
  (file: string, world: WorldName) =>
  (name: string, find: string, replace: string): CallBug => ({ name, file, find, replace, world });

const devices = bugsOf("src/capture/microphone/devices/device-supervisor.ts", "platform");
const acquisition = bugsOf("src/capture/microphone/devices/acquisition.ts", "platform");
const graph = bugsOf("src/capture/graph/audio-graph.ts", "platform");
const supervisor = bugsOf("src/stream/source/source-supervisor.ts", "polite");
const stubborn = bugsOf("src/stream/source/source-supervisor.ts", "rude");
const wish = bugsOf("src/stream/source/activity-wish.ts", "polite");

export const CALL_BUGS: readonly CallBug[] = [
  // Devices
  devices(
    "A pause that releases the device does not stop its track.",
    'if (this.#wish === "released" && !this.#isGiven) this.#holder.release();',
    "",
  ),
  acquisition(
    "A track that the browser delivers too late is not stopped.",
    "if (waiting.aborted) for (const late of tracks) late.stop();\n  else for",
    "if (!waiting.aborted) for",
  ),
  devices(
    "A device is mended in a pause.",
    "mayMend: () => this.#isRunning && this.#calls === 0 && !this.#isGiven,",
    "mayMend: () => this.#calls === 0 && !this.#isGiven,",
  ),
  devices(
    "The choice of a device is forgotten by a resumption.",
    "    const before = this.#asked;\n    this.#asked = asked;\n",
    "    const before = this.#asked;\n",
  ),
  graph(
    "A close leaves the audio context open.",
    'scope.defer("audio context", () => (context.state === "closed" ? undefined : context.close()));',
    "",
  ),

  // Calls
  wish(
    "A call that is overtaken wins.",
    "    this.#latest = call;\n    this.#pending.add(call);",
    "    this.#latest ??= call;\n    this.#pending.add(call);",
  ),
  wish(
    "A pause takes a release back.",
    'const isReleased = this.wanted === "released" || this.#settled === "released";',
    "const isReleased = false;",
  ),
  supervisor(
    "A pause keeps the device although it should be released.",
    'await capture.pause(step.goal === "released");',
    "await capture.pause(false);",
  ),
  supervisor(
    "A step that leads elsewhere is waited for.",
    'if (this.#step !== undefined && !this.#leadsToWish(this.#step)) this.#abandon(overtakenBy("another call"));',
    "",
  ),
  stubborn(
    "What an abandoned step did all the same is not put right.",
    'this.#doubtful ||= satisfies(step.goal, "paused") !== this.paused;',
    "this.#doubtful ||= false;",
  ),
];

import { microphone } from "../../src/capture/microphone.js";
import type { AudioSource } from "../../src/capture/source.js";
import type { Rng } from "../simulation/rng.js";
import { type FakeAudio, type FakeDevice, installFakeAudio } from "../support/fake-audio.js";
import { sine } from "../support/signals.js";
import type { DeviceWorld } from "./device-world.js";

const PLUGGED: readonly FakeDevice[] = ["one", "two", "three"].map((deviceId) => ({
  deviceId,
  groupId: `group ${deviceId}`,
  label: `Microphone ${deviceId}`,
}));
const TONE = sine(440, 48_000, 1_920, 0.5);

/** The real microphone over a platform that is played. */
export class PlatformDevices implements DeviceWorld {
  readonly source: AudioSource = microphone();
  readonly devices = PLUGGED.map(({ deviceId }) => deviceId);
  readonly #rng: Rng;
  readonly #fake: FakeAudio = installFakeAudio();
  readonly isPrompt = false;
  mayFail = false;

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#fake.devices = [...PLUGGED];
    if (rng.chance(0.5)) this.#fake.setPermission("granted");
  }

  get held(): number {
    return this.#fake.liveTracks.length;
  }

  get device(): string | undefined {
    return this.#fake.liveTracks[0]?.device?.deviceId;
  }

  speak(): boolean {
    const open = this.#fake.openContexts;
    for (const context of open) context.render(TONE);
    return open.length > 0 && this.held > 0;
  }

  disturb(): string {
    const fake = this.#fake;
    const what = this.#rng.pick([
      "grant",
      "grant",
      "hold",
      "answer",
      "deny",
      "mute",
      "unplug",
      "plug",
      "end",
      "dead",
      "suspend",
    ]);
    const track = fake.liveTracks[0];
    if (what === "grant" || what === "hold") fake.answer = what;
    else if (what === "answer") this.#answerAll();
    else if (what === "deny") this.#deny();
    else if (what === "mute") track?.setMuted(!track.muted);
    else if (what === "unplug") this.#plug(fake.devices.slice(1));
    else if (what === "plug") this.#plug([...PLUGGED]);
    else if (what === "end") {
      this.mayFail = true;
      track?.end();
    } else if (what === "dead") {
      this.mayFail = true;
      for (const { nodes } of fake.openContexts) nodes.at(-1)?.fail();
    } else
      for (const context of fake.openContexts)
        context.setState(this.#rng.pick(["suspended", "running", "interrupted"]));
    return what;
  }

  relent(): void {
    const fake = this.#fake;
    fake.answer = "grant";
    fake.mayStart = true;
    this.#plug([...PLUGGED]);
    this.#answerAll();
    for (const track of fake.liveTracks) if (track.muted) track.setMuted(false);
    for (const context of fake.openContexts) context.setState("running");
  }

  leave(): void {
    this.#fake.uninstall();
  }

  #answerAll(): void {
    for (const prompt of this.#fake.prompts.splice(0)) if (!prompt.answered) prompt.grant();
  }

  #deny(): void {
    this.mayFail = true;
    this.#fake.answer = new DOMException("No.", "NotAllowedError");
  }

  #plug(devices: FakeDevice[]): void {
    if (devices.length < this.#fake.devices.length) this.mayFail = true;
    this.#fake.plug(...devices);
  }
}

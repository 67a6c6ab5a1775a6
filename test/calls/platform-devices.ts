import { microphone } from "../../src/capture/microphone/microphone.js";
import type { AudioSource } from "../../src/capture/source.js";
import type { Rng } from "../simulation/rng.js";
import { type FakeAnswer, type FakeAudio, type FakeDevice, installFakeAudio } from "../support/fake-audio.js";
import { sine } from "../support/signals.js";
import type { DeviceWorld } from "./device-world.js";

const PLUGGED: readonly FakeDevice[] = ["one", "two", "three"].map((deviceId) => ({
  deviceId,
  groupId: `group ${deviceId}`,
  label: `Microphone ${deviceId}`,
}));
const TONE = sine(440, 48_000, 1_024, 0.5);

const ANSWERS: Readonly<Record<string, FakeAnswer | "slow">> = {
  grant: "grant",
  hold: "hold",
  slow: "slow",
  deny: new DOMException("No.", "NotAllowedError"),
  busy: new DOMException("It is in use.", "NotReadableError"),
};
/** What happens to the devices; the first ones more often. */
const HAPPENINGS = [
  ...["grant", "grant", "hold", "hold", "slow", "answer", "deny", "busy"],
  ...["mute", "silent", "unplug", "plug", "swap", "end", "dead", "suspend", "list", "permission", "away"],
];

/** The real microphone over a platform that is played. */
export class PlatformDevices implements DeviceWorld {
  readonly source: AudioSource = microphone();
  readonly devices = PLUGGED.map(({ deviceId }) => deviceId);
  readonly isPolite = true;
  onAsked = (): void => {};
  readonly #rng: Rng;
  readonly #fake: FakeAudio = installFakeAudio();
  #answer: FakeAnswer | "slow" = "grant";
  /** What is held is never answered, although the page has the permission. */
  readonly #isStubborn: boolean;
  /** Whether the browser lists the system's default beside the devices, as Chromium does. */
  readonly #hasAlias: boolean;
  #default = PLUGGED[0];

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#hasAlias = rng.chance(0.4);
    this.#fake.mustBePlugged = true;
    this.#fake.oneAtATime = rng.chance(0.15);
    this.#fake.devices = this.#listed(PLUGGED);
    this.#fake.answer = () => this.#onAsked();
    const isGranted = rng.chance(0.5);
    if (isGranted) this.#fake.setPermission("granted");
    this.#isStubborn = isGranted && rng.chance(0.2);
  }

  get held(): number {
    return this.#fake.liveTracks.filter(({ received }) => received).length;
  }

  get open(): number {
    const { openContexts, openPorts } = this.#fake;
    return openContexts.length + openPorts.length;
  }

  get captured(): number {
    return this.#fake.contexts.flatMap(({ nodes }) => nodes).reduce((sum, { port }) => sum + port.frames, 0);
  }

  get device(): string | undefined {
    // Where only one can be open, the one in use is not given up for another that is there again.
    if (this.#fake.oneAtATime) return undefined;
    const id = this.#fake.liveTracks[0]?.device?.deviceId;
    return id === "default" ? this.#default?.deviceId : id;
  }

  speak(): void {
    for (const context of this.#fake.openContexts) context.render(TONE);
  }

  disturb(): string {
    const fake = this.#fake;
    const what = this.#rng.pick(HAPPENINGS);
    const track = fake.liveTracks[0];
    const answer = ANSWERS[what];
    if (answer !== undefined) this.#answer = answer;
    else if (what === "answer") this.#answerAll();
    else if (what === "mute") track?.setMuted(!track.muted);
    else if (what === "silent" && track !== undefined) track.silent = !track.silent;
    else if (what === "unplug") this.#plug(PLUGGED.filter(() => this.#rng.chance(0.5)));
    else if (what === "plug") this.#plug(PLUGGED);
    else if (what === "swap") this.#swap();
    else if (what === "end") track?.end();
    else if (what === "away") void fake.leaveAndReturn();
    else if (what === "dead") for (const { nodes } of fake.openContexts) nodes.at(-1)?.fail();
    else if (what === "list") fake.listing = this.#rng.pick(["answer", "never", new Error("No list.")]);
    // Rare, since a permission that is withdrawn ends the stream.
    else if (what === "permission") fake.setPermission(this.#rng.chance(0.1) ? "denied" : "granted");
    else if (what === "suspend") {
      const state = this.#rng.pick(["suspended", "running", "interrupted"] as const);
      for (const context of fake.openContexts) context.setState(state);
    }
    return what;
  }

  relent(): void {
    const fake = this.#fake;
    this.#answer = "grant";
    fake.listing = "answer";
    if (this.#real.length < PLUGGED.length) this.#plug(PLUGGED);
    if (!this.#isStubborn || fake.permission.status?.state !== "granted") this.#answerAll();
    for (const track of fake.liveTracks) {
      track.silent = false;
      if (track.muted) track.setMuted(false);
    }
    for (const context of fake.openContexts) if (context.state !== "running") context.setState("running");
  }

  answerLate(): void {
    this.#answerAll();
  }

  leave(): void {
    this.#fake.uninstall();
  }

  #onAsked(): FakeAnswer {
    const prompt = this.#fake.prompts.at(-1);
    this.onAsked();
    if (this.#fake.permission.status?.state === "denied") return new DOMException("No.", "NotAllowedError");
    if (this.#answer !== "slow") return this.#answer;
    setTimeout(() => prompt?.answered === false && prompt.grant(), this.#rng.whole(1, 3_000));
    return "hold";
  }

  #answerAll(): void {
    for (const prompt of this.#fake.prompts.splice(0)) if (!prompt.answered) prompt.grant();
  }

  #plug(devices: readonly FakeDevice[]): void {
    if (!devices.some((device) => device === this.#default)) this.#default = devices[0];
    this.#fake.plug(...this.#listed(devices));
  }

  /** The system has another default from now on. */
  #swap(): void {
    const real = this.#real;
    if (real.length === 0) return;
    this.#default = this.#rng.pick(real);
    this.#fake.relist(...this.#listed(real));
  }

  get #real(): FakeDevice[] {
    return this.#fake.devices.filter(({ deviceId }) => deviceId !== "default");
  }

  /** The default comes first. */
  #listed(devices: readonly FakeDevice[]): FakeDevice[] {
    const first = devices.filter((device) => device === this.#default);
    const others = devices.filter((device) => device !== this.#default);
    const alias = first.map((device) => ({ ...device, deviceId: "default", label: `Default - ${device.label}` }));
    return [...(this.#hasAlias ? alias : []), ...first, ...others];
  }
}

import { isAudioStreamError } from "../../src/errors.js";
import type { AudioStreamOptions } from "../../src/options.js";
import { type StreamState, TRANSITIONS } from "../../src/state.js";
import { AudioStream } from "../../src/stream.js";
import type { Rng } from "../simulation/rng.js";
import { FakeTransport } from "../support/fake-transport.js";
import type { DeviceWorld } from "./device-world.js";

/** One call, and what became of it. */
export interface MadeCall {
  readonly name: string;
  /** What is asked of the source, where anything is. */
  readonly asks?: "running" | "paused" | "released" | undefined;
  readonly device?: string | undefined;
  outcome: "pending" | "fulfilled" | "rejected";
  reason?: unknown;
}

const CALLS = [
  "warmUp",
  "start",
  "pause",
  "pause",
  "release",
  "release",
  "resume",
  "resume",
  "resume",
  "resume",
  "setDevice",
  "setDevice",
  "mute",
  "flush",
  "getStats",
  "messages",
  "close",
  "abort",
] as const;
type Name = (typeof CALLS)[number];

const EVENTS = [
  "statechange",
  "message",
  "reconnecting",
  "reconnected",
  "drop",
  "warning",
  "level",
  "devicechange",
  "close",
];

/** A stream that is called at random, from outside and from its own listeners, and that is watched meanwhile. */
export class CalledStream {
  readonly stream: AudioStream;
  readonly transport = new FakeTransport();
  readonly calls: MadeCall[] = [];
  readonly problems: string[] = [];
  readonly log: string[] = [];
  droppedMs = 0;
  /** The source could not be brought back to where it was before a call that was aborted. */
  stuck = false;
  closes = 0;
  readonly #rng: Rng;
  readonly #world: DeviceWorld;
  readonly #signals = new Set<AbortController>();
  readonly #life = new AbortController();
  #state: StreamState = "idle";
  #depth = 0;
  /** No more calls from listeners. */
  quiet = false;

  constructor(rng: Rng, world: DeviceWorld) {
    this.#rng = rng;
    this.#world = world;
    const options: AudioStreamOptions = {
      signal: this.#life.signal,
      preRollMs: rng.pick([0, 100]),
      reconnect: { initialDelayMs: 100, maxDelayMs: 1_000 },
      heartbeat: false,
      logger: rng.chance(0.2)
        ? { debug: () => this.#mayCall("logger", 0.02), warn: () => this.#mayCall("logger", 0.1) }
        : undefined,
    };
    this.stream = new AudioStream({ source: world.source, transport: this.transport }, options);
    this.stream.addEventListener("statechange", () => this.#checkState());
    this.stream.addEventListener("drop", ({ durationMs }) => {
      this.droppedMs += durationMs;
    });
    this.stream.addEventListener("warning", ({ error }) => {
      if (error.code === "permission-denied") this.stuck = true;
    });
    this.stream.addEventListener("close", () => {
      this.closes += 1;
      if (world.held > 0) this.problems.push("A device is held when the close event comes.");
    });
    for (const type of EVENTS)
      this.stream.addEventListener(type, () => this.#mayCall(type, type === "level" ? 0.01 : 0.06));
  }

  /** Makes one call at random, with or without a signal that may abort at any time. */
  call(name: Name = this.#rng.pick(CALLS)): void {
    // Ends are rare, so that something comes before them.
    if ((name === "close" || name === "abort") && !this.#rng.chance(0.08)) return;
    const signal = this.#rng.chance(0.4) ? this.#newSignal() : undefined;
    this.log.push(`${name}${signal === undefined ? "" : " with a signal"}`);
    this.#make(name, signal);
  }

  /** The signal of some call, or that of the stream, aborts. */
  abortSome(): void {
    const [controller] = [...this.#signals].slice(this.#rng.whole(0, 3));
    if (controller === undefined) {
      if (this.#rng.chance(0.02)) this.#life.abort("life");
      return;
    }
    this.#signals.delete(controller);
    this.log.push("a signal aborts");
    controller.abort("signal");
  }

  /** What the calls that were done want of the source together. */
  get wanted(): "running" | "paused" | "released" {
    let wanted: "running" | "paused" | "released" = "running";
    for (const { asks, outcome } of this.calls) {
      if (outcome !== "fulfilled" || asks === undefined) continue;
      if (asks !== "paused" || wanted !== "released") wanted = asks;
    }
    return wanted;
  }

  /** Whether something is on its way to where it was asked to be. */
  get isBusy(): boolean {
    const { state } = this.stream;
    const isPending = this.calls.some(({ name, outcome }) => name !== "messages" && outcome === "pending");
    return isPending || ["starting", "reconnecting", "interrupted", "closing"].includes(state);
  }

  /** A source that failed to do what was asked last is where it was, or where the failure left it: both are right. */
  get isUncertain(): boolean {
    const asked = this.calls.filter(({ asks }) => asks !== undefined);
    const failed = asked.findLastIndex(({ outcome, reason }) => outcome === "rejected" && isAudioStreamError(reason));
    return this.stuck || failed > asked.findLastIndex(({ outcome }) => outcome === "fulfilled");
  }

  /** What holds at any time. */
  check(): void {
    const { stream, problems } = this;
    if (stream.state !== "closed") return;
    if (this.#world.held > 0) problems.push("A device is held, and the stream is closed.");
    if (this.transport.live.length > 0) problems.push("A connection is held, and the stream is closed.");
  }

  #checkState(): void {
    const { state } = this.stream;
    if (state !== this.#state && !TRANSITIONS[this.#state].includes(state)) {
      // A listener before this one may have called what led further: only the end can be called so.
      this.problems.push(`The state went from ${this.#state} to ${state}.`);
    }
    this.#state = state;
  }

  #mayCall(where: string, probability: number): void {
    if (this.quiet || this.#depth > 2 || !this.#rng.chance(probability)) return;
    this.#depth += 1;
    this.log.push(`in ${where}:`);
    this.call();
    this.#depth -= 1;
  }

  #newSignal(): AbortSignal {
    const controller = new AbortController();
    if (this.#rng.chance(0.05)) controller.abort("signal");
    else this.#signals.add(controller);
    return controller.signal;
  }

  #make(name: Name, signal: AbortSignal | undefined): void {
    const { stream } = this;
    switch (name) {
      case "warmUp":
      case "start":
      case "flush":
        this.#note({ name }, stream[name]({ signal }));
        return;
      case "pause":
        this.#note({ name, asks: "paused" }, stream.pause({ signal }));
        return;
      case "release":
        this.#note({ name, asks: "released" }, stream.pause({ releaseDevice: true, signal }));
        return;
      case "resume":
        this.#note({ name, asks: "running" }, stream.resume({ signal }));
        return;
      case "setDevice": {
        const device = this.#rng.pick(this.#world.devices);
        this.#note({ name, device }, stream.setDevice(device, { signal }));
        return;
      }
      case "mute":
        stream.muted = !stream.muted;
        return;
      case "getStats":
        this.#note({ name }, stream.getStats());
        return;
      case "messages": {
        const reader = stream.messages({ signal });
        this.#note({ name }, reader.next());
        return;
      }
      case "close":
        this.#note({ name }, stream.close({ timeoutMs: this.#rng.pick([0, 500, 5_000]), signal }));
        return;
      case "abort": {
        stream.abort("aborted");
        if (this.#world.held > 0 && this.#world.isPrompt) this.problems.push("A device is held after abort().");
        if (this.transport.live.length > 0) this.problems.push("A connection is held after abort().");
        if (stream.resources().length > 0) this.problems.push("resources() lists something after abort().");
      }
    }
  }

  #note(call: Pick<MadeCall, "name" | "asks" | "device">, promise: Promise<unknown>): void {
    const made: MadeCall = { ...call, outcome: "pending" };
    this.calls.push(made);
    promise.then(
      () => {
        made.outcome = "fulfilled";
      },
      (reason: unknown) => {
        made.outcome = "rejected";
        made.reason = reason;
      },
    );
  }
}

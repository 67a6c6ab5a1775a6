import { isAudioStreamError } from "../../src/errors.js";
import { type StreamState, TRANSITIONS } from "../../src/state.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import type { Transport } from "../../src/transport/transport.js";
import type { Rng } from "../simulation/rng.js";
import { FakeTransport } from "../support/fake-transport.js";
import { CallRecord, type MadeCall } from "./call-record.js";
import type { DeviceWorld } from "./device-world.js";

/** What is called; the first ones more often. */
const CALLS = [
  ...([
    "resume",
    "resume",
    "resume",
    "resume",
    "pause",
    "pause",
    "release",
    "release",
    "setDevice",
    "setDevice",
  ] as const),
  ...(["warmUp", "start", "mute", "flush", "messages", "getStats", "look", "close", "dispose", "abort"] as const),
];
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
/** How long a close may hold the device at most: half of the longest time that is asked for, and one step more. */
const LONGEST_STOP_MS = 2_500 + 100;

/** A stream that is called at random, from outside and from everything that it calls itself, and that is watched meanwhile. */
export class CalledStream {
  readonly stream: AudioStream;
  readonly transport = new FakeTransport();
  readonly record = new CallRecord();
  readonly problems: string[] = [];
  /** What happened, with the time. */
  readonly trace: string[] = [];
  droppedMs = 0;
  closes = 0;
  /** No more calls from listeners and callbacks. */
  quiet = false;
  readonly #rng: Rng;
  readonly #world: DeviceWorld;
  readonly #signals = new Set<AbortController>();
  readonly #life = new AbortController();
  /** What had been captured at the last look, if nothing was to be captured then. */
  #capturedAtRest: number | undefined;
  #closingSince = 0;
  #state: StreamState = "idle";
  #depth = 0;

  constructor(rng: Rng, world: DeviceWorld) {
    this.#rng = rng;
    this.#world = world;
    world.onAsked = () => {
      this.#checkAsked();
      this.#mayCall("getUserMedia", 0.02);
    };
    this.stream = new AudioStream({ source: world.source, transport: this.#callingTransport() }, this.#options());
    this.stream.addEventListener("statechange", () => this.#onState());
    this.stream.addEventListener("drop", ({ durationMs }) => {
      this.droppedMs += durationMs;
    });
    this.stream.addEventListener("warning", ({ error }) => {
      this.note(`warning: ${error.code}`);
      if (error.code === "permission-denied") this.record.stuck();
    });
    this.stream.addEventListener("close", () => {
      this.closes += 1;
      if (world.held > 0) this.problems.push("A device is held when the close event comes.");
    });
    for (const type of EVENTS)
      this.stream.addEventListener(type, () => this.#mayCall(type, type === "level" ? 0.01 : 0.06));
  }

  note(what: string): void {
    this.trace.push(`${performance.now()} ${what}`);
  }

  /** Makes one call at random, with or without a signal that may abort at any time. */
  call(name: Name = this.#rng.pick(CALLS)): void {
    // Ends are rare, so that something comes before them.
    if (["close", "dispose", "abort"].includes(name) && !this.#rng.chance(0.06)) return;
    this.#make(name, this.#rng.chance(0.4) ? this.#newSignal() : undefined);
  }

  /** The signal of some call, or that of the stream, aborts. */
  abortSome(): void {
    const [controller] = [...this.#signals].slice(this.#rng.whole(0, 3));
    if (controller === undefined) {
      if (this.#rng.chance(0.02)) this.#life.abort("life");
      return;
    }
    this.#signals.delete(controller);
    this.note("a signal aborts");
    controller.abort("signal");
  }

  /** Whether something is on its way to where it was asked to be. */
  get isBusy(): boolean {
    const isOnItsWay = ["starting", "reconnecting", "interrupted", "closing"].includes(this.stream.state);
    return isOnItsWay || this.record.unanswered.length > 0;
  }

  /** What holds at any time. */
  check(): void {
    const { stream, problems } = this;
    this.#checkRest();
    if (stream.state === "closing" && this.#world.held > 0 && performance.now() - this.#closingSince > LONGEST_STOP_MS)
      problems.push("A device is held, and the stream should have stopped it for its end.");
    if (stream.state !== "closed") return;
    if (this.#world.held > 0) problems.push("A device is held, and the stream is closed.");
    if (this.transport.live.length > 0) problems.push("A connection is held, and the stream is closed.");
  }

  #checkRest(): void {
    const { problems, record, stream } = this;
    const { captured, held, isPolite } = this.#world;
    const isPaused = record.isSettled && record.asked !== "running" && stream.paused && !record.isUncertain;
    const rests = isPolite && isPaused && stream.state !== "closing";
    if (rests && record.asked === "released" && held > 0) problems.push("A device is held, and it was released.");
    if (rests && this.#capturedAtRest !== undefined && captured > this.#capturedAtRest)
      problems.push("Something is captured in a pause.");
    this.#capturedAtRest = rests ? captured : undefined;
  }

  /** A device is asked for: is it wanted? */
  #checkAsked(): void {
    const { state } = this.stream;
    const { asked, isSwitching, isUncertain } = this.record;
    this.note("a device is asked for");
    if (["idle", "warm", "starting"].includes(state) || isUncertain) return;
    const isWanted = asked === "running" || (asked === "paused" && isSwitching);
    if (state === "closed" || state === "closing" || !isWanted)
      this.problems.push(`A device is asked for, and the stream is ${state}, and ${asked} was asked.`);
  }

  #onState(): void {
    const { state } = this.stream;
    this.note(`state: ${state}`);
    // A listener before this one may have called what led further: only the end can be called so.
    if (state !== this.#state && !TRANSITIONS[this.#state].includes(state))
      this.problems.push(`The state went from ${this.#state} to ${state}.`);
    if (state === "closing") this.#closingSince = performance.now();
    this.#state = state;
  }

  #options(): AudioStreamOptions {
    const rng = this.#rng;
    return {
      signal: this.#life.signal,
      preRollMs: rng.pick([0, 100]),
      reconnect: { initialDelayMs: 100, maxDelayMs: 1_000 },
      heartbeat: false,
      getToken: rng.chance(0.2)
        ? () => {
            this.#mayCall("getToken", 0.1);
            return "token";
          }
        : undefined,
      logger: rng.chance(0.2)
        ? { debug: () => this.#mayCall("logger", 0.02), warn: () => this.#mayCall("logger", 0.1) }
        : undefined,
    };
  }

  #callingTransport(): Transport {
    return {
      connect: (options) => {
        this.#mayCall("connect", 0.03);
        return this.transport.connect(options);
      },
    };
  }

  #mayCall(where: string, probability: number): void {
    if (this.quiet || this.#depth > 2 || !this.#rng.chance(probability)) return;
    this.#depth += 1;
    this.note(`in ${where}:`);
    this.call();
    this.#depth -= 1;
  }

  #newSignal(): AbortSignal {
    const controller = new AbortController();
    if (this.#rng.chance(0.05)) controller.abort("signal");
    else this.#signals.add(controller);
    controller.signal.addEventListener("abort", () => this.#mayCall("a signal", 0.1), { once: true });
    return controller.signal;
  }

  #make(name: Name, signal: AbortSignal | undefined): void {
    const { stream } = this;
    const rng = this.#rng;
    switch (name) {
      case "warmUp":
      case "start":
      case "flush":
        this.#follow({ name, signal }, () => stream[name]({ signal }));
        return;
      case "pause":
        this.#follow({ name, asks: "paused", signal }, () => stream.pause({ signal }));
        return;
      case "release":
        this.#follow({ name, asks: "released", signal }, () => stream.pause({ releaseDevice: true, signal }));
        return;
      case "resume":
        this.#follow({ name, asks: "running", signal }, () => stream.resume({ signal }));
        return;
      case "setDevice": {
        const device = rng.pick(this.#world.devices);
        this.#follow({ name, device, signal }, () => stream.setDevice(device, { signal }));
        return;
      }
      case "mute":
        stream.muted = !stream.muted;
        this.note(`muted: ${stream.muted}`);
        return;
      case "look":
        stream.toPageTime(rng.whole(0, 10_000));
        this.note(`${stream.resources().length} resources, track ${stream.track?.readyState}`);
        return;
      case "getStats":
        this.#follow({ name }, () => stream.getStats());
        return;
      case "messages":
        this.#follow({ name, signal }, () => stream.messages({ signal }).next());
        return;
      case "close":
        this.#follow({ name, signal }, () => stream.close({ timeoutMs: rng.pick([0, 500, 5_000]), signal }));
        return;
      case "dispose":
        this.#follow({ name }, () => stream[Symbol.asyncDispose]());
        return;
      case "abort":
        this.note(name);
        stream.abort("aborted");
        this.#checkAborted();
    }
  }

  #checkAborted(): void {
    if (this.#world.held > 0) this.problems.push("A device is held after abort().");
    if (this.transport.live.length > 0) this.problems.push("A connection is held after abort().");
    if (this.stream.resources().length > 0) this.problems.push("resources() lists something after abort().");
  }

  #follow(call: Pick<MadeCall, "name" | "asks" | "device" | "signal">, make: () => Promise<unknown>): void {
    const made = this.record.add(call);
    const title = `${this.record.calls.length} ${call.name}`;
    this.note(`${title} ${call.device ?? ""}${call.signal === undefined ? "" : " with a signal"}`);
    make().then(
      () => {
        made.outcome = "fulfilled";
        this.note(`${title} is done`);
        this.#checkReleased(made);
        this.#mayCall(`the answer to ${title}`, 0.05);
      },
      (reason: unknown) => {
        made.outcome = "rejected";
        made.reason = reason;
        this.note(`${title} is rejected: ${reason}`);
        this.#checkRejection(made);
        this.#mayCall(`the rejection of ${title}`, 0.05);
      },
    );
  }

  /** The moment a release is confirmed, nothing is held, unless another call came meanwhile. */
  #checkReleased(made: MadeCall): void {
    if (made.asks === "released" && this.record.isLast(made) && this.#world.isPolite && this.#world.held > 0)
      this.problems.push("A device is held when its release is confirmed.");
  }

  /** A call is rejected by name, by its own signal, by the end, or by another call that asks for something else. */
  #checkRejection({ name, overtaken, reason, signal }: MadeCall): void {
    if (["closing", "closed"].includes(this.stream.state) || isAudioStreamError(reason)) return;
    if (signal?.aborted && reason === signal.reason) return;
    if (overtaken && reason instanceof DOMException && reason.name === "AbortError") return;
    this.problems.push(`${name} was rejected for no good reason: ${reason}`);
  }
}

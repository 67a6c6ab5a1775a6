import { Rng } from "../simulation/rng.js";
import { loadLateModules } from "../support/late-modules.js";
import { CalledStream } from "./called-stream.js";
import type { DeviceWorld } from "./device-world.js";
import { ModelDevices } from "./model-devices.js";
import type { PageTime } from "./page-time.js";
import { PlatformDevices } from "./platform-devices.js";

/** Which devices a run has. */
export type WorldName = "polite" | "rude" | "platform";

export interface CallVerdict {
  readonly problems: readonly string[];
  readonly calls: number;
  /** Calls that were answered before the run ended the stream. */
  readonly settled: number;
  /** Whether the stream lived on, so that it could be compared with what the last calls had asked. */
  readonly judged: boolean;
  readonly outcome: string;
  readonly trace: readonly string[];
}

const WORLDS: Readonly<Record<WorldName, (rng: Rng) => DeviceWorld>> = {
  polite: (rng) => new ModelDevices(rng, true),
  rude: (rng) => new ModelDevices(rng, false),
  platform: (rng) => new PlatformDevices(rng),
};

/** How long a stream may take to come to rest, in seconds: it may wait a minute or two for its next attempt to connect. */
const REST_S = 150;
const LEAST_REST_S = 5;

async function settle(turns = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}

/** Runs one sequence of calls against devices and a server that misbehave, and judges how it ends. */
export async function runCalls(seed: number, name: WorldName, time: PageTime): Promise<CallVerdict> {
  await loadLateModules();
  time.begin();
  const rng = new Rng(seed);
  // Delays before attempts to connect are drawn from it.
  const { random } = Math;
  Math.random = () => rng.next();
  // A third of the time would go into noting where each listener was added, which the trace says better.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const run = new CallRun(WORLDS[name](rng), rng, time);
  try {
    return await run.run();
  } finally {
    run.leave();
    Math.random = random;
    Error.stackTraceLimit = stackTraceLimit;
    time.end();
  }
}

class CallRun {
  readonly #world: DeviceWorld;
  readonly #called: CalledStream;
  readonly #rng: Rng;
  readonly #time: PageTime;

  constructor(world: DeviceWorld, rng: Rng, time: PageTime) {
    this.#world = world;
    this.#rng = rng;
    this.#time = time;
    this.#called = new CalledStream(rng, world);
  }

  leave(): void {
    this.#world.leave();
  }

  async run(): Promise<CallVerdict> {
    const { problems, record, stream, trace } = this.#called;
    await this.#misbehave();
    const judged = await this.#judgeRest();
    const settled = record.calls.filter(({ outcome }) => outcome !== "pending").length;
    await this.#judgeEnd();
    const outcome = stream.state === "closed" ? (await stream.closed).outcome : stream.state;
    return { problems, calls: record.calls.length, settled, judged, outcome, trace };
  }

  /** Calls, devices, the connection and time, in any order. */
  async #misbehave(): Promise<void> {
    const called = this.#called;
    const rng = this.#rng;
    if (rng.chance(0.75)) await this.#begin();
    for (let action = rng.whole(6, 40); action > 0 && called.stream.state !== "closed"; action -= 1) {
      const kind = rng.next();
      if (kind < 0.55) called.call();
      else if (kind < 0.7) called.note(`device: ${this.#world.disturb()}`);
      else if (kind < 0.75) this.#disturbConnection();
      else if (kind < 0.88) called.abortSome();
      else this.#world.speak();
      called.check();
      if (rng.chance(0.4)) await settle();
      if (rng.chance(0.3)) await this.#pass(rng.pick([1, 20, 200, 2_000]));
      await settle();
      called.check();
    }
  }

  /** Most of what is worth trying comes after the start. */
  async #begin(): Promise<void> {
    this.#called.note("begins");
    this.#called.stream.start().catch(() => {});
    for (let n = 0; n < 3; n += 1) {
      await settle();
      this.#world.speak();
      await this.#pass(20);
    }
  }

  #disturbConnection(): void {
    const { transport } = this.#called;
    const rng = this.#rng;
    const what = rng.pick(["drop", "unreachable", "reachable", "mute", "answer", "refuse", "message", "hang", "deaf"]);
    this.#called.note(`connection: ${what}`);
    if (what === "unreachable") transport.unreachable = new Error("no network");
    else if (what === "reachable") transport.unreachable = undefined;
    else if (what === "mute") transport.answers = false;
    else if (what === "answer") transport.answers = true;
    else if (what === "hang") transport.opens = false;
    else if (what === "deaf") transport.acknowledges = rng.chance(0.5);
    else if (what === "message") transport.live[0]?.say("status", {});
    else if (what === "drop") transport.live[0]?.lose();
    // Final, and so rare.
    else if (rng.chance(0.1)) transport.live[0]?.lose(4403, "refused");
  }

  /** Everything answers again: the stream has to come to what was asked of it. @returns whether it lived on. */
  async #judgeRest(): Promise<boolean> {
    const called = this.#called;
    const { stream, problems, record } = called;
    called.quiet = true;
    for (let second = 0; second < REST_S && (second < LEAST_REST_S || this.#isUnderWay); second += 1)
      await this.#restForASecond();
    const hung = record.unanswered;
    if (hung.length > 0) problems.push(`Never settled, and ${stream.state}: ${hung.join(", ")}.`);
    if (["idle", "warm", "closing", "closed"].includes(stream.state) || record.isUncertain) return false;
    const { wanted } = record;
    if (stream.paused !== (wanted !== "running"))
      problems.push(`It should be ${wanted}, and paused is ${stream.paused}.`);
    if (wanted === "released" && this.#world.held > 0)
      problems.push("A device is held, and its release was the last word.");
    const state = wanted === "running" ? "streaming" : "paused";
    if (stream.state !== state) problems.push(`It should be ${state}, and is ${stream.state}.`);
    await this.#judgeSound(wanted === "running");
    if (this.#isElsewhere) problems.push(`The device should be ${record.chosen}, and is ${this.#world.device}.`);
    return true;
  }

  async #restForASecond(): Promise<void> {
    const { transport } = this.#called;
    Object.assign(transport, { unreachable: undefined, answers: true, opens: true, acknowledges: true });
    for (let part = 0; part < 5; part += 1) {
      this.#world.relent();
      for (const connection of transport.live) connection.relent();
      this.#world.speak();
      await this.#pass(200);
      this.#called.check();
    }
  }

  async #judgeSound(isRunning: boolean): Promise<void> {
    const { stream, problems } = this.#called;
    const world = this.#world;
    const heardBefore = (await stream.getStats()).framesCaptured;
    const capturedBefore = world.captured;
    for (let n = 0; n < 5; n += 1) {
      world.speak();
      await settle();
    }
    const heard = (await stream.getStats()).framesCaptured - heardBefore;
    if (isRunning && heard === 0) problems.push("It should be running, and nothing is heard.");
    if (!isRunning && heard > 0) problems.push(`It should be paused, and ${heard} frames were taken.`);
    if (!isRunning && world.captured > capturedBefore) problems.push("It should be paused, and captures.");
  }

  async #judgeEnd(): Promise<void> {
    const called = this.#called;
    const { stream, transport, problems, record } = called;
    const world = this.#world;
    const closing = stream.close().catch(() => {});
    for (let second = 0; second < 10 && stream.state !== "closed"; second += 1) await this.#pass(1_000);
    await Promise.race([closing, settle()]);
    if (stream.state !== "closed") {
      problems.push(`close() never came to an end: ${stream.state}.`);
      stream.abort();
    }
    if (world.held > 0) problems.push("A device is held after the end.");
    if (transport.live.length > 0) problems.push("A connection is held after the end.");
    if (stream.resources().length > 0) problems.push("resources() lists something after the end.");
    world.relent();
    world.answerLate();
    // What is released may take its time.
    await settle();
    for (let second = 0; second < 5 && this.#time.timers > 0; second += 1) await this.#pass(1_000);
    if (called.closes !== 1) problems.push(`${called.closes} close events came.`);
    const { droppedDurationMs } = await stream.getStats();
    if (Math.abs(droppedDurationMs - called.droppedMs) > 0.001)
      problems.push(`${droppedDurationMs} ms were dropped, and ${called.droppedMs} ms told.`);
    if (world.held > 0) problems.push("A device is taken after the end.");
    if (world.open > 0) problems.push(`${world.open} contexts and ports are open after the end.`);
    const timers = this.#time.timers;
    if (timers > 0) problems.push(`${timers} timers run after the end.`);
    if (record.calls.some(({ outcome }) => outcome === "pending")) problems.push("A call is pending after the end.");
  }

  get #isUnderWay(): boolean {
    return this.#called.isBusy || this.#isElsewhere;
  }

  /** Another device is captured than the one that was chosen last. */
  get #isElsewhere(): boolean {
    const { record, stream } = this.#called;
    const { device } = this.#world;
    const isRunning = record.wanted === "running" && stream.state === "streaming" && !record.isUncertain;
    return isRunning && record.chosen !== undefined && device !== undefined && device !== record.chosen;
  }

  /** Time passes. Much faster than what waits for the event loop with each timer. */
  async #pass(durationMs: number): Promise<void> {
    for (let leftMs = durationMs; leftMs > 0; leftMs -= 20) {
      this.#time.pass(Math.min(20, leftMs));
      await settle();
    }
  }
}

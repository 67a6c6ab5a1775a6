import { vi } from "vitest";
import { Rng } from "../simulation/rng.js";
import { CalledStream } from "./called-stream.js";
import type { DeviceWorld } from "./device-world.js";
import { ModelDevices } from "./model-devices.js";
import { PlatformDevices } from "./platform-devices.js";

/** Which devices a run has. */
export type WorldName = "polite" | "rude" | "platform";

export interface CallVerdict {
  readonly problems: readonly string[];
  readonly calls: number;
  readonly settled: number;
  readonly outcome: string;
  readonly log: readonly string[];
}

const WORLDS: Readonly<Record<WorldName, (rng: Rng) => DeviceWorld>> = {
  polite: (rng) => new ModelDevices(rng, true),
  rude: (rng) => new ModelDevices(rng, false),
  platform: (rng) => new PlatformDevices(rng),
};

async function settle(turns = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}

/** Most of what is worth trying comes after the start. */
async function begin({ stream, log }: CalledStream, world: DeviceWorld): Promise<void> {
  log.push("begins");
  stream.start().catch(() => {});
  for (let n = 0; n < 3; n += 1) {
    await settle();
    world.speak();
    await vi.advanceTimersByTimeAsync(20);
  }
}

/** Something happens to the connection. */
function disturbConnection({ transport, log }: CalledStream, rng: Rng): void {
  const what = rng.pick(["drop", "unreachable", "reachable", "mute", "answer", "refuse", "message", "hang", "deaf"]);
  log.push(`connection: ${what}`);
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

/** Runs one sequence of calls against devices and a server that misbehave, and judges how it ends. */
export async function runCalls(seed: number, name: WorldName): Promise<CallVerdict> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const rng = new Rng(seed);
  const world = WORLDS[name](rng);
  const called = new CalledStream(rng, world);
  const { stream, problems, log } = called;
  if (rng.chance(0.75)) await begin(called, world);
  for (let action = rng.whole(6, 40); action > 0 && stream.state !== "closed"; action -= 1) {
    const kind = rng.next();
    if (kind < 0.55) called.call();
    else if (kind < 0.7) log.push(`device: ${world.disturb()}`);
    else if (kind < 0.75) disturbConnection(called, rng);
    else if (kind < 0.88) called.abortSome();
    else world.speak();
    if (rng.chance(0.4)) await settle();
    if (rng.chance(0.3)) await vi.advanceTimersByTimeAsync(rng.pick([1, 20, 200, 2_000]));
    await settle(4);
    called.check();
  }
  await judgeRest(called, world, name);
  await judgeEnd(called, world);
  world.leave();
  vi.useRealTimers();
  const settled = called.calls.filter(({ outcome }) => outcome !== "pending").length;
  const outcome = stream.state === "closed" ? (await stream.closed).outcome : stream.state;
  return { problems, calls: called.calls.length, settled, outcome, log };
}

/** Everything answers again: the stream has to come to what was asked of it. */
async function judgeRest(called: CalledStream, world: DeviceWorld, name: WorldName): Promise<void> {
  const { stream, transport, problems, calls } = called;
  const live = (): boolean => stream.state !== "closed" && stream.state !== "closing";
  called.quiet = true;
  Object.assign(transport, { unreachable: undefined, answers: true, opens: true, acknowledges: true });
  // A stream may wait a minute or two for its next attempt to connect.
  for (let second = 0; second < 150 && (second < 5 || called.isBusy); second += 1) {
    world.relent();
    for (const connection of transport.live) connection.relent();
    world.speak();
    await vi.advanceTimersByTimeAsync(1_000);
  }
  called.check();
  const hung = calls.filter(({ name, outcome }) => outcome === "pending" && name !== "messages");
  if (hung.length > 0) problems.push(`Never settled, and ${stream.state}: ${hung.map(({ name }) => name).join(", ")}.`);
  if (!live() || ["idle", "warm"].includes(stream.state) || called.isUncertain) return;
  const { wanted } = called;
  if (stream.paused !== (wanted !== "running"))
    problems.push(`It should be ${wanted}, and paused is ${stream.paused}.`);
  if (wanted === "released" && world.held > 0) problems.push("A device is held, and its release was the last word.");
  const state = wanted === "running" ? "streaming" : "paused";
  if (stream.state !== state) problems.push(`It should be ${state}, and is ${stream.state}.`);
  const before = (await stream.getStats()).framesCaptured;
  for (let n = 0; n < 5; n += 1) {
    world.speak();
    await settle();
  }
  const heard = (await stream.getStats()).framesCaptured - before;
  if (wanted === "running" && heard === 0) problems.push("It should be running, and nothing is heard.");
  if (wanted !== "running" && heard > 0) problems.push(`It should be ${wanted}, and ${heard} frames were taken.`);
  const chosen = calls.findLast(({ device, outcome }) => device !== undefined && outcome === "fulfilled")?.device;
  if (name !== "platform" && wanted === "running" && chosen !== undefined && world.device !== chosen) {
    problems.push(`The device should be ${chosen}, and is ${world.device}.`);
  }
}

async function judgeEnd(called: CalledStream, world: DeviceWorld): Promise<void> {
  const { stream, transport, problems } = called;
  const closing = stream.close().catch(() => {});
  await vi.advanceTimersByTimeAsync(10_000);
  await Promise.race([closing, settle()]);
  if (stream.state !== "closed") {
    problems.push(`close() never came to an end: ${stream.state}.`);
    stream.abort();
    await vi.advanceTimersByTimeAsync(10_000);
  }
  if (called.closes !== 1) problems.push(`${called.closes} close events came.`);
  if (world.held > 0) problems.push("A device is held after the end.");
  if (transport.live.length > 0) problems.push("A connection is held after the end.");
  if (stream.resources().length > 0) problems.push("resources() lists something after the end.");
  const { droppedDurationMs } = await stream.getStats();
  if (Math.abs(droppedDurationMs - called.droppedMs) > 0.001) {
    problems.push(`${droppedDurationMs} ms were dropped, and ${called.droppedMs} ms told.`);
  }
  world.relent();
  await vi.advanceTimersByTimeAsync(5_000);
  if (world.held > 0) problems.push("A device is taken after the end.");
  if (vi.getTimerCount() > 0) problems.push(`${vi.getTimerCount()} timers run after the end.`);
  if (called.calls.some(({ outcome }) => outcome === "pending")) problems.push("A call is pending after the end.");
}

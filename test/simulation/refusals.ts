import { encodeServerMessage } from "../../src/protocol/messages.js";
import type { World } from "./world.js";

const FINAL_CODES = [1009, 4401, 4403, 4406, 4409, 4410, 4413];
const TEMPORARY_CODES = [1011, 1012, 1013, 4408, 4409, 4411, 4429];

/** The server closes for a reason that will not change. */
export function refuseForGood(world: World): boolean {
  const { mortal } = world.conditions.kind;
  if (!mortal || world.wire === undefined || world.rng.chance(0.9)) return false;
  world.mayFail = true;
  return world.server.kick(world.wire, world.rng.pick(FINAL_CODES), "refused for good");
}

/** The server closes for a while: it says first when to come back, at once or seconds before. */
export function refuseForAWhile(world: World): boolean {
  const { wire, rng } = world;
  if (wire === undefined || world.client.connections > 30) return false;
  const complaint = { code: "overloaded", retry_after_ms: rng.whole(0, 3_000) };
  if (!world.sayToClient(encodeServerMessage("server.error", complaint))) return false;
  const closes = () => world.server.kick(wire, rng.pick(TEMPORARY_CODES), "come back later");
  if (rng.chance(0.5)) closes();
  else world.time.after(rng.between(0, 8_000), closes);
  return true;
}

/** From now on nothing will ever be well again: the client has to give up by itself. */
export function loseAllHope(world: World): void {
  const { network, server, rng } = world;
  const how = rng.pick(["goes away", "refuses", "hangs", "flaps", "says nothing"]);
  world.note(`the server ${how} for ever`);
  world.mayFail = true;
  world.hopelessSince = world.time.now;
  if (how === "goes away") {
    server.sendsEveryoneAway = true;
    server.goAway(0);
    return;
  }
  if (how === "refuses") network.refusesUntil = Number.POSITIVE_INFINITY;
  else if (how === "hangs") network.hangsUntil = Number.POSITIVE_INFINITY;
  else if (how === "flaps") network.flapsUntil = Number.POSITIVE_INFINITY;
  else network.muteUntil = Number.POSITIVE_INFINITY;
  world.cut({ flushUp: false, flushDown: false });
}

/** Longer than any client waits for a connection in the simulation. */
const LONG_MS = 61_000;

/** The page is put away for longer than an outage may take, and its radio is not yet up when it comes back. */
export function putAwayForLong(world: World): boolean {
  const { client, rng, time } = world;
  if (!world.conditions.kind.mortal || world.hopelessSince !== undefined || rng.chance(0.8)) return false;
  client.dispatch({ type: "suspend" });
  time.after(LONG_MS, () => {
    refuseBriefly(world);
    client.dispatch({ type: "probe" });
  });
  return true;
}

/** The network is away, and timers stand still for longer than an outage may take. */
export function standStill(world: World): boolean {
  const { client, rng, time } = world;
  if (!world.conditions.kind.mortal || world.hopelessSince !== undefined || rng.chance(0.8)) return false;
  world.cut({ flushUp: false, flushDown: false });
  client.stallTimers(LONG_MS);
  time.after(LONG_MS - 1, () => refuseBriefly(world));
  return true;
}

function refuseBriefly({ network, rng, time }: World): void {
  network.refusesUntil = Math.max(network.refusesUntil, time.now + rng.between(100, 1_000));
}

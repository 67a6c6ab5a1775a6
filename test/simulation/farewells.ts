import { DEFAULTS } from "../../src/stream/options/defaults.js";
import { MAX_DEATHS } from "./death.js";
import type { World } from "./world.js";

/** How long a stream goes on delivering what its source gave before it ended. */
const DELIVERY_MS = DEFAULTS.close.timeoutMs;
/** What a late timer and a chance for one who could not act may add. */
const LATE_MS = 4_000;

/** The server cannot be reached, for less time than the delivery may take or for longer, and the source ends badly. */
export function endSource(world: World): void {
  const { rng, time, client } = world;
  if (world.ended !== undefined || client.session.done || client.gone) return;
  const how = rng.pick(["refusesUntil", "hangsUntil", "muteUntil"] as const);
  world.outage(how, rng.pick([500, 3_000, 20_000]) * (0.5 + rng.next()));
  time.after(rng.between(0, 400), () => {
    if (world.ended !== undefined || client !== world.client || client.session.done || client.gone) return;
    // What its encoder still held is lost with it.
    if (rng.chance(0.3)) client.discard(1);
    world.sourceEndedAt = time.now;
    world.mayFail = true;
    world.end("close", DELIVERY_MS);
    // One that is the application's may go on after its end.
    while (rng.chance(0.5)) time.after(rng.between(0, DELIVERY_MS * 1.5), () => client.gone || client.captureLate());
  });
}

/** A source that ends badly ends its stream within the time of a close, if nobody stood still meanwhile. */
export function judgeSource({ client, sourceEndedAt }: World, say: (problem: string) => void): void {
  if (sourceEndedAt === undefined || client.doneAt === undefined) return;
  const tookMs = client.doneAt - sourceEndedAt;
  const disturbed = client.disturbedAt > sourceEndedAt - DELIVERY_MS - LATE_MS;
  if (!disturbed && tookMs > DELIVERY_MS + LATE_MS) say(`The stream ended ${tookMs} ms after its source.`);
}

/** The page goes away, with or without a goodbye that arrives. In a while it is loaded again. */
export function leavePage(world: World): void {
  const { rng, time, client } = world;
  if (world.ended !== undefined || client.session.done) return;
  const how = rng.pick(["said goodbye", "crashed"] as const);
  world.note(`the page goes away: ${how}`);
  if (how === "said goodbye" && rng.chance(0.6)) {
    world.cut({ flushUp: rng.chance(0.5), flushDown: false, clientLearns: false, serverLearns: rng.chance(0.5) });
  }
  client.vanish(how, rng.chance(0.5));
  const { terms, latencyMs } = world.conditions;
  // A session whose client was heard a moment ago is not yet known to hang.
  time.after(terms.heartbeatIntervalMs + 2 * latencyMs.max + rng.between(200, 3_000), () => world.reload());
}

/** Workers die, each at any moment, at once or after it has hung for a while. The next one takes a while to start. */
export function loseWorkers(world: World): void {
  const { rng, time, conditions } = world;
  const { durationMs, troubleAfterMs } = conditions;
  for (let count = rng.whole(1, MAX_DEATHS); count > 0; count -= 1) {
    time.at(rng.between(0, durationMs + Math.max(0, troubleAfterMs)), () => {
      const hangsMs = rng.chance(0.5) ? 0 : rng.between(0, 6_000);
      const serverLearnsAfterMs = rng.chance(0.7) ? rng.between(0, 200) : undefined;
      const ends = { flushUp: rng.chance(0.5), serverLearnsAfterMs };
      const starts = { afterMs: rng.chance(0.4) ? 0 : rng.between(0, 3_000), fails: rng.chance(0.1) };
      if (!world.client.loseWorker(hangsMs, ends, starts)) return;
      world.note(`the worker dies after ${hangsMs} ms, and another one starts in ${starts.afterMs} ms`);
      world.faultsInjected += 1;
    });
  }
}

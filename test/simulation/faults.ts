import { encodeClientMessage, SUBPROTOCOL } from "../../src/protocol/messages.js";
import type { World } from "./world.js";

/** Everything that can go wrong, each under the name that a failing run prints. */
export const FAULTS: Readonly<Record<string, (world: World) => void>> = {
  "cut, both sides learn": (world) => world.cut({ flushUp: false, flushDown: false }),
  "cut after receipt, before the acknowledgement": (world) => world.cut({ flushUp: true, flushDown: false }),
  "cut after the answer": (world) => world.cut({ flushUp: false, flushDown: true }),
  "cut, the server never learns": (world) => world.cut({ flushUp: true, flushDown: false, serverLearns: false }),
  "cut, the client never learns": (world) =>
    world.cut({ flushUp: world.rng.chance(0.5), flushDown: false, clientLearns: false }),
  "black hole to the server": (world) => world.hole("up"),
  "black hole to the client": (world) => world.hole("down"),
  "black hole both ways": (world) => {
    world.hole("up");
    world.hole("down");
  },
  "connections refused for a while": (world) => world.refuseFor(world.rng.between(100, 4_000)),
  "connections hang": (world) => world.hangFor(world.rng.between(100, 3_000)),
  "slow network": (world) => world.throttle(),
  "server restart, state lost": (world) => world.allowsStateLoss && world.server.restart(),
  "server crash, state kept": (world) => world.server.crash(),
  "server says go away": (world) => world.server.goAway(),
  "page sleeps": (world) => world.client.sleep(world.rng.between(200, 6_000)),
  "page clock jumps": (world) => world.client.jumpClock(world.rng.between(500, 60_000)),
  "timers throttled": (world) => {
    world.client.throttleMs = world.client.throttleMs === 0 ? world.rng.between(100, 1_000) : 0;
  },
  "page put away and taken back": (world) => {
    world.client.dispatch({ type: "suspend" });
    world.time.after(world.rng.between(0, 3_000), () => world.client.dispatch({ type: "probe" }));
  },
  "the network says it is back": (world) => world.client.dispatch({ type: "probe" }),
  "a stranger opens the same session": (world) => world.intrude("hello"),
  "a stranger resumes with a wrong secret": (world) => world.intrude("resume"),
  "capture leaves a gap": (world) => {
    world.captureGap = world.rng.whole(1, 20);
  },
};

/** What a stranger who knows the session's name, and with `resume` even the client's, would send. */
export function strangersOpening(world: World, kind: "hello" | "resume"): string {
  const audio = { encoding: "pcm_s16le" as const, sample_rate: 8_000, channels: 1, first: 0, next: 0 };
  const opening = {
    agent: SUBPROTOCOL,
    accept: ["audio/1"],
    ack_mode: "cumulative" as const,
    max_in_flight: 8,
    session_id: world.options.sessionId,
    attempt: 1_000_000,
    token: undefined,
    audio,
  };
  return kind === "hello"
    ? encodeClientMessage("client.hello", { ...opening, client_id: "stranger" })
    : encodeClientMessage("session.resume", {
        ...opening,
        client_id: world.options.clientId,
        last_seq: 0,
        epoch: world.server.recordings.at(-1)?.key.epoch,
        resume_token: "wrong",
      });
}

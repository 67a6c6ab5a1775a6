import { encodeClientMessage, encodeServerMessage, SUBPROTOCOL } from "../../src/protocol/messages.js";
import { SAMPLE_RATE } from "./client-node.js";
import type { World } from "./world.js";

/** Everything that can go wrong, each under the name that a failing run prints. A fault says whether it hit anything. */
export const FAULTS: Readonly<Record<string, (world: World) => boolean>> = {
  "cut, both sides learn": (world) => world.cut({ flushUp: false, flushDown: false }),
  "cut after receipt, before the acknowledgement": (world) => world.cut({ flushUp: true, flushDown: false }),
  "cut after the answer": (world) => world.cut({ flushUp: false, flushDown: true }),
  "cut, the server never learns": (world) => world.cut({ flushUp: true, flushDown: false, serverLearns: false }),
  "cut, the client never learns": (world) =>
    world.cut({ flushUp: world.rng.chance(0.5), flushDown: false, clientLearns: false }),
  "cut, nobody learns": (world) =>
    world.cut({ flushUp: world.rng.chance(0.5), flushDown: false, clientLearns: false, serverLearns: false }),
  "black hole to the server": (world) => world.hole("up"),
  "black hole to the client": (world) => world.hole("down"),
  "black hole both ways": (world) => world.hole("up") && world.hole("down"),
  "cut, and connections refused for a while": (world) => world.refuseFor(world.rng.between(100, 4_000)),
  "cut, and connections hang for a while": (world) => world.hangFor(world.rng.between(100, 3_000)),
  "server accepts and closes with 1011 for a while": (world) => world.flapFor(world.rng.between(100, 3_000)),
  "slow network": (world) => world.throttle(),
  "server restart, state lost": (world) => world.restart(),
  "server crash, state kept": (world) => world.server.crash(0, 0),
  "server crash, last writes lost": (world) => world.crashLosingWrites(),
  "server stalls": (world) => world.server.stall(world.rng.between(50, 8_000)),
  "server says go away": (world) => world.server.goAway(),
  "server talks rubbish": (world) => world.sayToClient(world.rng.pick(RUBBISH)),
  "server acknowledges what it never got": (world) =>
    world.sayToClient(encodeServerMessage("audio.ack", { position: farAhead(world) })),
  "server asks for what it never got": (world) =>
    world.sayToClient(encodeServerMessage("audio.resync", { position: farAhead(world) })),
  "client talks rubbish": (world) => world.sayToServer(world.rng.pick(RUBBISH)),
  "client acknowledges what was never sent": (world) =>
    world.sayToServer(encodeClientMessage("client.ack", { ack_seq: 1_000_000 })),
  "client sends from the far future": (world) => world.sayToServer(frameFromTheFuture(world)),
  "a frame comes twice": (world) => world.repeatFrame(),
  "a frame is lost": (world) => world.loseFrame(),
  "page sleeps": (world) => world.client.sleep(world.rng.between(200, 6_000), world.rng.chance(0.5)),
  "page clock jumps": (world) => world.jumpClock(world.rng.between(500, 60_000)),
  "timers throttled": (world) => {
    world.client.throttleMs = world.client.throttleMs === 0 ? world.rng.between(100, 1_000) : 0;
    return true;
  },
  "page put away and taken back": (world) => world.putAway(world.rng.between(0, 3_000)),
  "the network says it is back": (world) => world.probe(),
  "a stranger opens the same session": (world) => world.intrude("hello"),
  "a stranger resumes with a wrong secret": (world) => world.intrude("resume"),
  "capture leaves a gap": (world) => world.leaveGap(world.rng.whole(1, 20)),
};

const RUBBISH = [
  "rubbish",
  '{"v":2,"t":"server.hb","data":{}}',
  '{"v":1,"t":"audio.unheard-of","data":{}}',
  '{"v":1,"t":"audio.ack","data":{"position":-1}}',
  new Uint8Array([1, 2, 3]),
];

/** A position that the client cannot have reached by the time it is told. */
const farAhead = (world: World): number => world.client.capturedTo + SAMPLE_RATE * 3_600;

function frameFromTheFuture(world: World): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + 2);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint16(2, 1, true);
  view.setUint32(4, farAhead(world), true);
  return bytes;
}

/** What a stranger who knows the session's name, and with `resume` even the client's, would send. */
export function strangersOpening(world: World, kind: "hello" | "resume" | "takeover"): string {
  const { sessionId, clientId } = world.conditions.session;
  const audio = { encoding: "pcm_s16le" as const, sample_rate: SAMPLE_RATE, channels: 1, first: 0, next: 0 };
  const opening = {
    agent: SUBPROTOCOL,
    accept: ["audio/1"],
    ack_mode: "cumulative" as const,
    max_in_flight: 8,
    session_id: sessionId,
    attempt: 1_000_000,
    token: undefined,
    audio,
  };
  if (kind === "resume") {
    return encodeClientMessage("session.resume", {
      ...opening,
      client_id: clientId,
      last_seq: 0,
      epoch: world.server.recordings.at(-1)?.key.epoch,
      resume_token: "wrong",
    });
  }
  return encodeClientMessage("client.hello", { ...opening, client_id: "stranger", takeover: kind === "takeover" });
}

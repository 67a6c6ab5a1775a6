import { encodeClientMessage } from "../../../src/protocol/messages.js";
import { SAMPLE_RATE } from "../client-node.js";
import { Foul } from "../referee.js";
import type { ClusterWorld } from "./cluster-world.js";
import { USUAL_MS } from "./redis-line.js";

/** Longer than a node waits for an answer of Redis, or shorter. */
const SPANS_MS = [300, 1_500, 2_500, 6_000];

const spanOf = ({ rng }: ClusterWorld): number => rng.pick(SPANS_MS) * (0.5 + rng.next());

/** Something that ends after a while, or when everything heals. */
const later = (world: ClusterWorld, delayMs: number, work: () => void): void =>
  world.time.after(delayMs, () => world.isWell || work());

/** What may go wrong in a cluster. Each returns whether there was anything to hit. */
export const CLUSTER_FAULTS: Readonly<Record<string, (world: ClusterWorld) => boolean>> = {
  "a node is killed": (world) => {
    const node = world.pickNode();
    node?.kill();
    later(world, world.rng.between(200, 4_000), () => world.restartNodes());
    return node !== undefined;
  },
  "a node is restarted in order": (world) => {
    const node = world.pickNode((one) => !one.asleep);
    node?.shutDown();
    later(world, world.rng.between(200, 4_000), () => world.restartNodes());
    return node !== undefined;
  },
  "a node stands still, and its clock with it": (world) => stall(world, true),
  "a node stands still": (world) => stall(world, false),
  "a node is cut off from Redis": (world) => {
    const node = world.pickNode();
    if (node === undefined) return false;
    node.line.partition(true);
    later(world, spanOf(world), () => node.line.partition(false));
    return true;
  },
  "a connection to Redis breaks, and what is on its way arrives": (world) => breakLine(world, true),
  "a connection to Redis breaks with what is on its way": (world) => breakLine(world, false),
  "a connection to Redis gets nothing through any more": (world) => {
    const node = world.pickNode();
    node?.line.strand();
    return node !== undefined;
  },
  "Redis is slow": (world) => {
    const latencyMs = world.rng.pick([200, 900, 2_500]);
    for (const { line } of world.nodes) line.latencyMs = latencyMs;
    later(world, spanOf(world), () => {
      for (const { line } of world.nodes) line.latencyMs = USUAL_MS;
    });
    return true;
  },
  "an answer of Redis is lost": (world) => {
    const node = world.pickNode();
    if (node !== undefined) node.line.losesNextAnswer = true;
    return node !== undefined;
  },
  "a command comes twice": (world) => {
    const node = world.pickNode();
    if (node !== undefined) node.line.repeatsNextAfterMs = world.rng.between(0, 4_000);
    return node !== undefined;
  },
  "Redis dies, and forgets what it has answered to nobody": (world) => killRedis(world, 0),
  "Redis dies, and forgets its last second": (world) =>
    world.kind.forgetful && killRedis(world, world.rng.between(0, 1_000)),
  "Redis drops one key": (world) => world.kind.forgetful && world.redis.evict(world.rng),
  "the clock of Redis leaps": (world) => {
    if (!world.kind.forgetful) return false;
    world.redis.leap(3_600_000);
    return true;
  },
  "the client's connection breaks": (world) => {
    const wire = world.client.current;
    if (wire === undefined || wire.broken) return false;
    const { rng } = world;
    wire.cut({
      ...{ flushUp: rng.chance(0.5), flushDown: rng.chance(0.5) },
      serverLearnsAfterMs: rng.chance(0.7) ? rng.between(0, 200) : undefined,
      clientLearnsAfterMs: rng.between(0, 200),
    });
    return true;
  },
  "the client's connection falls silent": (world) => {
    const wire = world.client.current;
    if (wire === undefined || wire.broken) return false;
    const lane = world.rng.pick(["up", "down"] as const);
    wire[lane].setHole(true);
    world.time.after(spanOf(world), () => wire[lane].setHole(false));
    return true;
  },
  "somebody resumes the session with a wrong secret": (world) => intrude(world, "wrong"),
  "somebody opens the session": (world) => intrude(world, undefined),
};

function stall(world: ClusterWorld, clockStands: boolean): boolean {
  const node = world.pickNode((one) => !one.asleep);
  node?.sleep(spanOf(world), clockStands);
  return node !== undefined;
}

function breakLine(world: ClusterWorld, arrives: boolean): boolean {
  const node = world.pickNode();
  node?.line.break("read ECONNRESET", arrives);
  return node !== undefined;
}

function killRedis(world: ClusterWorld, forgetsMs: number): boolean {
  if (!world.redis.up) return false;
  world.loseRedis(forgetsMs, spanOf(world));
  return true;
}

/** @param secret what is said to be the session's; without it the session is opened by another client. */
function intrude(world: ClusterWorld, secret: string | undefined): boolean {
  const { acknowledged, session } = world.client;
  // A session that was only just begun, or has ended, may begin anew; one that Redis has forgotten nobody can defend.
  if (world.kind.forgetful || acknowledged === 0 || session.done || world.isWell) return false;
  const wire = world.network.wire({
    onMessage: (data) => {
      if (String(data).includes('"t":"server.welcome"')) throw new Foul("A stranger was let in.");
    },
    onClose: () => {},
  });
  wire.tampered = true;
  const { sessionId, clientId } = world.session;
  const fields = {
    ...{ agent: "stranger", accept: ["audio/1"], ack_mode: "cumulative" as const, max_in_flight: 8 },
    ...{ session_id: sessionId, attempt: 1_000_000, token: undefined },
    audio: { encoding: "pcm_s16le" as const, sample_rate: SAMPLE_RATE, channels: 1, first: 0, next: 0 },
  };
  const [epoch] = [...world.client.epochs].slice(-1);
  wire.sendUp(
    secret === undefined
      ? encodeClientMessage("client.hello", { ...fields, client_id: "stranger", takeover: undefined })
      : encodeClientMessage("session.resume", {
          ...{ ...fields, client_id: clientId, last_seq: 0, epoch, resume_token: secret },
        }),
  );
  world.time.after(5_000, () => wire.closeByClient(1000, ""));
  return true;
}

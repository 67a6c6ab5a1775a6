import { expect, it } from "vitest";
import { keysOf } from "../../examples/server/store/redis/redis-keys.js";
import { Rng } from "../simulation/rng.js";
import { ClusterScene } from "../support/cluster-scene.js";
import { RawClient } from "../support/raw-client.js";
import { TestCluster } from "../support/test-cluster.js";
import { PATIENTLY } from "../support/waiting.js";

/** `npm run test:cluster` takes 50. */
const STREAMS = Number(process.env.LX_CLUSTER_STREAMS ?? 4);
const TIMEOUT = { timeout: 180_000 };
const FRAME = 320;
/** A session is kept so many seconds beyond the time for which it waits for its client. */
const GRACE_SEC = 10;

it(
  "the streams of a node that is cut off from Redis wait or go to the other one, whose own streams do not notice",
  TIMEOUT,
  async () => {
    await using scene = await ClusterScene.start({ streams: STREAMS });
    const { cluster } = scene;
    await scene.partitions(0);
    const cutOff = await scene.unacknowledged();
    expect(cutOff).toHaveLength((await cluster.sessionCounts())[0] ?? 0);
    expect(cutOff.length).toBeGreaterThan(0);
    expect(cutOff.length).toBeLessThan(STREAMS);
    await scene.heals();
    expect(scene.streams.flatMap(({ losses }) => losses)).toEqual([]);

    await scene.partitions(1);
    const moving = await scene.unacknowledged();
    await scene.loseTheirConnections(moving);
    expect(scene.takeoversMs).toHaveLength(moving.length);
    await scene.allIsAcknowledged();
    await scene.heals();
    // It learns that they have gone.
    await expect.poll(() => cluster.sessionCounts(), PATIENTLY).toEqual([STREAMS, 0]);
    await scene.endsWell("One node cut off");
  },
);

it(
  "a node that alone is cut off from Redis sends its clients to the other one, and nobody has to break their connections",
  TIMEOUT,
  async () => {
    await using scene = await ClusterScene.start({ streams: STREAMS, leadElsewhere: true });
    const { cluster } = scene;
    const [atFirst = 0, others = 0] = await cluster.sessionCounts();
    expect(Math.min(atFirst, others), `The nodes have ${atFirst} and ${others} sessions.`).toBeGreaterThan(0);
    await scene.partitions(0);
    await scene.allIsAcknowledged();
    // For those who were at the other one it was nothing.
    expect(scene.streams.filter(({ losses }) => losses.length === 0)).toHaveLength(others);
    await scene.heals();
    await expect.poll(() => cluster.sessionCounts(), PATIENTLY).toEqual([0, STREAMS]);

    // With nobody to go to, they stay.
    const before = scene.streams.map(({ losses }) => losses.length);
    await scene.partitions(0, 1);
    await scene.further(6_000);
    expect(scene.streams.map(({ losses }) => losses.length)).toEqual(before);
    await scene.heals();
    await scene.endsWell("Sent elsewhere");
  },
);

it(
  "streams outlast Redis being out of reach for both nodes, for less and for more than it keeps their sessions",
  TIMEOUT,
  async () => {
    const resumeTtlSec = 2;
    await using scene = await ClusterScene.start({ streams: STREAMS, env: { LX_WS_RESUME_TTL: String(resumeTtlSec) } });
    await scene.partitions(0, 1);
    expect(await scene.unacknowledged()).toHaveLength(STREAMS);
    await scene.heals();
    await scene.partitions(0, 1);
    await scene.further((resumeTtlSec + GRACE_SEC) * 1_000);
    await expect.poll(() => scene.cluster.redis.keys("loquilex:{*"), PATIENTLY).toBe(0);
    await scene.heals();
    // Others can go on with them again.
    await scene.losesNode(0);
    expect(scene.takeoversMs.length).toBeGreaterThan(0);
    await scene.endsWell("Both nodes cut off");
  },
);

it(
  "a link to Redis that changes its network, is slow, or is cut in the middle of an answer loses and repeats nothing",
  TIMEOUT,
  async () => {
    await using scene = await ClusterScene.start({ streams: STREAMS });
    const { lines } = scene.cluster;
    const before = lines.map(({ connectionCount }) => connectionCount);
    for (const line of lines) line.strand();
    const isGivenUp = () => lines.map(({ connectionCount }, node) => connectionCount > (before[node] ?? 0));
    await expect.poll(isGivenUp, PATIENTLY).toEqual([true, true]);
    await scene.recovers();

    // What has gathered takes longer than an answer may take, and more comes all the time.
    await scene.partitions(0, 1);
    await scene.further(6_000);
    const needed = (STREAMS / lines.length) * 32_000;
    for (const line of lines) {
      line.throttle("toServer", 2 * needed);
      line.delay("toServer", 100);
      line.delay("toClient", 100);
    }
    await scene.heals();
    for (const line of lines) {
      line.throttle("toServer", undefined);
      line.delay("toServer", 0);
      line.delay("toClient", 0);
    }

    const rng = new Rng(5);
    for (let round = 0; round < 5; round += 1) {
      for (const line of lines) line.cutAfter("toClient", rng.whole(1, 40));
      await scene.further(rng.between(100, 400));
      await scene.recovers();
    }
    // In the middle of what the next node reads: the session is its own already, and it does not know what it is.
    lines[1]?.cutAfter("toClient", 20_000);
    await scene.losesNode(0);
    expect(scene.takeoversMs.length).toBeGreaterThan(0);
    await scene.endsWell("Bad links");
  },
);

it(
  "a node that is cut off acknowledges and writes nothing, and closes with 4411 what another one has",
  TIMEOUT,
  async () => {
    await using cluster = await TestCluster.start();
    const [first, second] = cluster.nodes.map(({ webSocketUrl }) => webSocketUrl);
    const [line] = cluster.lines;
    if (first === undefined || second === undefined || line === undefined) return expect.unreachable();
    const old = await RawClient.connect(first);
    old.hello();
    await old.until("session.new");
    const { epoch } = old.messages("session.new")[0]?.data ?? {};
    const resume_token = old.messages("server.welcome")[0]?.data.resume_window.token;
    const speak = (client: RawClient, from: number, to: number): void => {
      for (let frame = from; frame < to; frame += 1) client.sendFrame(frame * FRAME);
    };
    speak(old, 0, 50);
    await old.untilAcknowledged(50 * FRAME);

    line.hold("toServer");
    line.hold("toClient");
    const said = old.received.length;
    speak(old, 50, 150);
    await expect.poll(() => cluster.storesAreWell(), PATIENTLY).toEqual([false, true]);
    expect(old.received.slice(said).filter(({ seq, t }) => seq !== undefined || t === "audio.ack")).toEqual([]);

    const now = await RawClient.connect(second, {
      sessionId: old.sessionId,
      clientId: old.clientId,
      attempt: old.attempt,
    });
    now.send("session.resume", { ...now.nextOpening(), last_seq: 0, epoch, resume_token });
    await now.until("session.ack");
    expect(now.messages("session.ack")[0]?.data).toMatchObject({ audio: { position: 50 * FRAME } });
    speak(now, 50, 100);
    await now.untilAcknowledged(100 * FRAME);
    const [key] = keysOf(old.sessionId);
    const owner = await cluster.redis.ask(`HMGET ${key} node term`);

    // All that the first one has tried to write meanwhile comes now, on connections that it has given up and on new ones.
    line.pass("toServer");
    line.pass("toClient");
    expect(await old.untilClosed()).toMatchObject({ code: 4411 });
    expect(old.received.slice(said).filter(({ seq, t }) => seq !== undefined || t === "audio.ack")).toEqual([]);
    expect(await cluster.redis.ask(`HMGET ${key} node term`)).toBe(owner);
    speak(now, 100, 150);
    await now.untilAcknowledged(150 * FRAME);
    expect(now.closed).toBeUndefined();
    now.socket.close(1000);
  },
);

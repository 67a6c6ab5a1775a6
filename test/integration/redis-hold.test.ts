import type { ClientData } from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createLog } from "../../examples/server/logging/log.js";
import type { Claim, StoredSession } from "../../examples/server/protocol/claim.js";
import type { Opening } from "../../examples/server/protocol/protocol-io.js";
import { createRedisClient } from "../../examples/server/store/redis/redis-client.js";
import { keysOf } from "../../examples/server/store/redis/redis-keys.js";
import { RedisStore } from "../../examples/server/store/redis/redis-store.js";
import type { Hold } from "../../examples/server/store/store.js";
import { RedisServer } from "../support/redis-server.js";
import { stampedPayload } from "../support/stamped-audio.js";
import { testScope } from "../support/test-scope.js";
import { PATIENTLY } from "../support/waiting.js";

const FRAME = 320;
const nobody = (): undefined => undefined;
let redis: RedisServer;
let sessions = 0;

beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis[Symbol.asyncDispose]());

const hello = (sessionId: string, attempt = 1): ClientData["client.hello"] => ({
  ...{ agent: "test", accept: ["audio/1"], ack_mode: "cumulative", max_in_flight: 64, takeover: undefined },
  ...{ session_id: sessionId, client_id: "client", attempt, token: undefined },
  audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 },
});

/** A node, as far as Redis knows it. */
class Node {
  readonly store: RedisStore;

  constructor() {
    const logger = createLog({ logLevel: "silent" });
    const times = { resumeTtlMs: 60_000, maxMessages: 100, clock: systemClock };
    this.store = new RedisStore({
      createClient: () => createRedisClient(redis.url),
      ...times,
      logger,
      scope: testScope(),
    });
  }

  async ready(): Promise<this> {
    await expect.poll(() => this.store.health.ok, PATIENTLY).toBe(true);
    return this;
  }

  hold(opening: Opening, claim: Claim) {
    const told = { kept: [] as number[], events: [] as unknown[], lost: vi.fn() };
    const key = { sessionId: opening.data.session_id, epoch: claim.taken?.epoch ?? 7 };
    const hold = this.store.hold({
      ...{ key, opening, claim },
      onKept: (position) => told.kept.push(position),
      onEvent: (_, data) => told.events.push(data),
      onLost: told.lost,
    });
    return { hold, told };
  }
}

/** A session that begins on a node. */
async function begin(node: Node) {
  sessions += 1;
  const sessionId = `session ${sessions}`;
  const opening: Opening = { kind: "hello", data: hello(sessionId) };
  const claim = await node.store.claim(opening, nobody);
  expect(claim.verdict).toBe("new");
  return { sessionId, secret: claim.secret ?? "", ...node.hold(opening, claim) };
}

/** What its client says to the next node. */
const resume = (sessionId: string, secret: string | undefined, attempt: number): Opening => ({
  kind: "resume",
  data: { ...hello(sessionId, attempt), last_seq: 0, epoch: 7, resume_token: secret },
});

const speak = (hold: Hold, position: number): void => {
  const payload = stampedPayload(position, FRAME);
  hold.append({ flags: 0, position, sampleCount: FRAME, payload });
};

/** Positions and bytes of the audio that is handed over, as one. */
const heard = ({ audio }: StoredSession) =>
  Buffer.concat(audio.map(({ payload }) => Buffer.from(payload))).equals(
    Buffer.from(
      stampedPayload(
        audio[0]?.position ?? 0,
        audio.reduce((sum, { sampleCount }) => sum + sampleCount, 0),
      ),
    ),
  );

describe("a session in Redis", () => {
  it("belongs to one node: the one before can write nothing more, is told so, and no caption of it gets out", async () => {
    const [first, second] = await Promise.all([new Node().ready(), new Node().ready()]);
    const old = await begin(first);
    for (let position = 0; position < 10 * FRAME; position += FRAME) speak(old.hold, position);
    old.hold.emit("asr.partial", { segment_id: "s1", text: "hel", audio: { from: 0, to: FRAME } });
    await old.hold.settle();
    expect(old.told.events).toHaveLength(1);

    const opening = resume(old.sessionId, old.secret, 2);
    const claim = await second.store.claim(opening, nobody);
    expect(claim).toMatchObject({ verdict: "attached", knows: true });
    expect(claim.taken).toMatchObject({ storedTo: 10 * FRAME, recordedTo: 0, captionedTo: 0, seq: 1, term: 2 });
    expect(claim.taken !== undefined && heard(claim.taken)).toBe(true);

    speak(old.hold, 10 * FRAME);
    old.hold.recorded(11 * FRAME);
    old.hold.emit("asr.final", { segment_id: "s1", text: "hello", audio: { from: 0, to: FRAME } });
    await expect.poll(() => old.told.lost.mock.calls.length, PATIENTLY).toBe(1);
    expect(old.told.events).toHaveLength(1);
    expect(old.told.kept.at(-1)).toBe(10 * FRAME);

    const now = second.hold(opening, claim);
    speak(now.hold, 10 * FRAME);
    now.hold.emit("asr.final", { segment_id: "s2", text: "hello", audio: { from: 0, to: 2 * FRAME } });
    await now.hold.settle();
    const next = await first.store.claim(resume(old.sessionId, claim.secret, 3), nobody);
    expect(next.taken).toMatchObject({ storedTo: 11 * FRAME, captionedTo: 2 * FRAME, seq: 2, term: 3 });
    expect(next.taken?.messages.map(({ t }) => t)).toEqual(["asr.partial", "asr.final"]);
  });

  it("is resumed by its own client alone: others, old connections and wrong secrets change nothing", async () => {
    const [first, second] = await Promise.all([new Node().ready(), new Node().ready()]);
    const { sessionId, secret, hold, told } = await begin(first);
    speak(hold, 0);
    await hold.settle();
    const wrong = await second.store.claim(resume(sessionId, "wrong", 2), nobody);
    const echo = await second.store.claim(resume(sessionId, secret, 1), nobody);
    const own = resume(sessionId, secret, 2);
    const stranger = await second.store.claim(
      { ...own, data: { ...own.data, client_id: "another" } } as Opening,
      nobody,
    );
    expect([wrong, echo, stranger]).toMatchObject([
      { verdict: "refused", refusal: { error: "invalid_resume_token" } },
      { verdict: "refused", refusal: { error: "stale" } },
      // For the time being, since its node may be about to hear that its client is gone.
      { verdict: "refused", refusal: { error: "in_use", retryAfterMs: expect.any(Number) as number } },
    ]);
    hold.emit("status", {});
    await hold.settle();
    expect(told.events).toHaveLength(1);
    expect(told.lost).not.toHaveBeenCalled();
  });

  it("is claimed once by whoever asks at the same time", async () => {
    const nodes = await Promise.all([new Node(), new Node(), new Node()].map((node) => node.ready()));
    const [first = new Node()] = nodes;
    const { sessionId, secret, hold } = await begin(first);
    speak(hold, 0);
    await hold.settle();
    const claims = await Promise.all(nodes.map(({ store }) => store.claim(resume(sessionId, secret, 2), nobody)));
    expect(claims.map(({ verdict }) => verdict).toSorted()).toEqual(["attached", "refused", "refused"]);
  });

  it("is acknowledged when it is in Redis and on the disk, and not before", async () => {
    const node = await new Node().ready();
    const { hold, told } = await begin(node);
    await hold.settle();
    speak(hold, 0);
    await hold.settle();
    expect(told.kept).toEqual([]);
    hold.recorded(FRAME);
    expect(told.kept).toEqual([FRAME]);
    redis.pause();
    try {
      speak(hold, FRAME);
      hold.recorded(2 * FRAME);
      hold.emit("status", {});
      await expect.poll(() => node.store.health.ok, PATIENTLY).toBe(false);
      expect([told.kept, told.events]).toEqual([[FRAME], []]);
    } finally {
      redis.resume();
    }
    await expect.poll(() => told.kept, PATIENTLY).toEqual([FRAME, 2 * FRAME]);
    await hold.settle();
    expect(told.events).toEqual([{}]);
  });

  it("is put back by its node when Redis has forgotten it, with what is on no disk yet", async () => {
    const [first, second] = await Promise.all([new Node().ready(), new Node().ready()]);
    const { sessionId, secret, hold } = await begin(first);
    for (let position = 0; position < 4 * FRAME; position += FRAME) speak(hold, position);
    await hold.settle();
    hold.recorded(FRAME);
    await redis.forgetEverything();
    speak(hold, 4 * FRAME);
    await hold.settle();
    const { taken } = await second.store.claim(resume(sessionId, secret, 2), nobody);
    expect(taken).toMatchObject({ storedTo: 5 * FRAME });
    expect(taken !== undefined && heard(taken)).toBe(true);
    expect(taken?.audio[0]?.position).toBeLessThanOrEqual(taken?.recordedTo ?? -1);
  });

  it("is asked for its audio again if Redis has dropped that and kept the rest", async () => {
    const [first, second, third] = await Promise.all([new Node(), new Node(), new Node()].map((node) => node.ready()));
    if (first === undefined || second === undefined || third === undefined) return expect.unreachable();
    const { sessionId, secret, hold } = await begin(first);
    for (let position = 0; position < 4 * FRAME; position += FRAME) speak(hold, position);
    await hold.settle();
    hold.recorded(FRAME);
    hold.emit("status", {});
    await hold.settle();
    await redis.forget(keysOf(sessionId)[1]);
    const opening = resume(sessionId, secret, 2);
    const claim = await second.store.claim(opening, nobody);
    expect(claim.taken).toMatchObject({ storedTo: FRAME, recordedTo: FRAME, audio: [] });
    // The node that has it now is believed, and the next one gets what it was sent.
    const now = second.hold(opening, claim);
    for (let position = FRAME; position < 3 * FRAME; position += FRAME) speak(now.hold, position);
    await now.hold.settle();
    const { taken } = await third.store.claim(resume(sessionId, claim.secret, 3), nobody);
    expect(taken).toMatchObject({ storedTo: 3 * FRAME, recordedTo: FRAME });
    expect(taken?.audio[0]?.position).toBe(FRAME);
    expect(taken !== undefined && heard(taken)).toBe(true);
  });

  it("is put back by its node, and without a hole, if Redis has dropped its audio while it is spoken", async () => {
    const [first, second] = await Promise.all([new Node().ready(), new Node().ready()]);
    const { sessionId, secret, hold } = await begin(first);
    for (let position = 0; position < 4 * FRAME; position += FRAME) speak(hold, position);
    await hold.settle();
    hold.recorded(FRAME);
    await redis.forget(keysOf(sessionId)[1]);
    speak(hold, 4 * FRAME);
    await hold.settle();
    const { taken } = await second.store.claim(resume(sessionId, secret, 2), nobody);
    expect(taken).toMatchObject({ storedTo: 5 * FRAME });
    expect(taken?.audio[0]?.position).toBeLessThanOrEqual(taken?.recordedTo ?? -1);
    expect(taken !== undefined && heard(taken)).toBe(true);
  });

  it("ends with a sentence if something else gets its name in Redis, and nobody else notices", async () => {
    const node = await new Node().ready();
    const [{ sessionId, secret, hold, told }, healthy] = [await begin(node), await begin(node)];
    await hold.settle();
    const [key] = keysOf(sessionId);
    await redis.forget(key);
    expect(await redis.ask(`SET ${key} something`)).toContain("OK");
    speak(hold, 0);
    const opening = resume(sessionId, secret, 2);
    for (let times = 0; times < 10; times += 1) {
      expect(await node.store.claim(opening, nobody)).toEqual({
        verdict: "refused",
        refusal: {
          ...{ code: 4409, error: "in_use" },
          detail: "The server's store has something else under this name; begin a session with another one.",
        },
      });
      expect(node.store.health).toEqual({ ok: true });
    }
    await expect.poll(() => told.lost.mock.calls.length, PATIENTLY).toBe(1);
    healthy.hold.emit("status", {});
    await healthy.hold.settle();
    expect(healthy.told.events).toHaveLength(1);
    expect(node.store.health).toEqual({ ok: true });
  });
});

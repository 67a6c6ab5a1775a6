import { encodeClientMessage } from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { type Check, check } from "../check.js";
import type { Witness } from "../client/witness.js";
import { FRAME, type Scene } from "../scene.js";

/** What a network and a busy machine add to a limit. */
const DELAY_MS = 1_500;
const TOO_BUSY = "This machine was too busy to be in time.";

/** Keeps a client heard for a while. */
async function beat(scene: Scene, witness: Witness, durationMs: number): Promise<void> {
  const { interval_ms = 1_000 } = witness.welcome?.hb ?? {};
  const step = Math.min(durationMs, interval_ms / 2);
  for (let passed = 0; passed < durationMs; passed += step) {
    witness.sendText(encodeClientMessage("client.hb", {}));
    await scene.pause(step);
  }
}

/** Resumes after a part of the session's time. */
async function comesBack(scene: Scene, witness: Witness, afterMs: number, windowMs: number): Promise<Witness> {
  const left = systemClock.now();
  await scene.wait(afterMs);
  const again = await scene.connect(witness.successor);
  again.resume();
  await scene.answered(again);
  // A server that was late may have ended the session before it saw this.
  scene.need(again.answer?.t === "session.ack" || systemClock.now() - left < 0.9 * windowMs, TOO_BUSY);
  scene.expect(
    again.answer?.t === "session.ack",
    `After ${Math.round(afterMs)} of ${windowMs} ms the session was gone: ${again.answer?.t}.`,
  );
  return again;
}

const beginConfirmed = async (scene: Scene): Promise<Witness> => {
  const witness = await scene.begin();
  witness.sendFrame(0);
  await scene.acknowledged(witness, FRAME);
  return witness;
};

/** Another client's attempt at a session whose own client is gone, once the server has noticed that. */
async function refusedWhileItWaits(
  scene: Scene,
  { sessionId }: Witness,
): Promise<{ readonly other: Witness; readonly retryAfterMs: number | undefined }> {
  return scene.eventually(
    async () => {
      await scene.pause(100);
      const other = await scene.connect({ sessionId });
      other.hello();
      await scene.closes(other, 4409, "another client's hello for a session that waits");
      return { other, retryAfterMs: other.messages("server.error").at(-1)?.data.retry_after_ms };
    },
    ({ retryAfterMs }) => retryAfterMs !== undefined,
  );
}

/** Section 8, detached sessions, and section 9. */
export const LIFETIME_CHECKS: readonly Check[] = [
  check("8.12", "keeps a session for its time from the disconnect, however the connection ended", async (scene) => {
    let witness = await beginConfirmed(scene);
    const windowMs = scene.resumeWindowMs(witness);
    for (const end of [
      (client: Witness) => client.tearAway(),
      (client: Witness) => client.vanish(),
      (client: Witness) => client.closeWith(1001),
    ]) {
      end(witness);
      await scene.pause(50);
      witness = await comesBack(scene, witness, 0, windowMs);
    }
    scene.afford(1.6 * windowMs);
    await beat(scene, witness, 1.1 * windowMs);
    witness.tearAway();
    await comesBack(scene, witness, windowMs / 2, windowMs);
  }),
  check("8.13", "ends the session of a client that closes with 1000 at once", async (scene) => {
    const witness = await beginConfirmed(scene);
    const { successor } = witness;
    witness.goodbye();
    await scene.until(witness, "the end of the connection", () => witness.closed !== undefined).catch(() => {});
    await scene.pause(100);
    const [other, error] = await scene.eventually(
      async () => {
        const client = await scene.connect({ sessionId: witness.sessionId });
        client.hello();
        const failure = await scene.answered(client).catch((cause: unknown) => cause);
        return [client, failure] as const;
      },
      ([, failure]) => failure === undefined,
      // Afterwards it is free in any case.
      500 * (witness.welcome?.resume_window.seconds ?? 0),
    );
    if (error !== undefined) throw error;
    other.goodbye();
    const again = await scene.connect(successor);
    again.resume();
    await scene.until(again, "the answer to the opening", () => again.answer !== undefined).catch(() => {});
    scene.expect(again.answer?.t !== "session.ack", "The session went on although its client had ended it.");
  }),
  check("8.14", "begins a new lineage when a client comes back after the time", async (scene) => {
    const witness = await beginConfirmed(scene);
    const windowMs = scene.resumeWindowMs(witness);
    witness.tearAway();
    await scene.wait(windowMs + DELAY_MS);
    const again = await scene.resume(witness);
    scene.expect(again.answer?.t === "session.new", `It answered with ${again.answer?.t} after the session's time.`);
    scene.expect(again.answer?.data.epoch !== witness.answer?.data.epoch, "The new lineage has the old epoch.");
  }),
  check("8.15", "tells another client when a session that waits for its own will be free", async (scene) => {
    const witness = await beginConfirmed(scene);
    const windowMs = scene.resumeWindowMs(witness);
    witness.tearAway();
    const { retryAfterMs } = await refusedWhileItWaits(scene, witness);
    scene.expect(retryAfterMs !== undefined, "It did not say when the session will be free.");
    const isSensible = (retryAfterMs ?? 0) <= windowMs + 1;
    scene.expect(isSensible, `It said ${retryAfterMs} ms, and the session waits ${windowMs} ms.`);
  }),
  check("8.16", "has the session free when it said it would be", async (scene) => {
    const witness = await beginConfirmed(scene);
    scene.resumeWindowMs(witness);
    witness.tearAway();
    const { other, retryAfterMs } = await refusedWhileItWaits(scene, witness);
    await scene.wait((retryAfterMs ?? 0) + 500);
    const { sessionId } = witness;
    const later = await scene.connect({ sessionId, clientId: other.clientId, attempt: other.attempt });
    later.hello();
    await scene.answered(later);
    scene.expect(later.answer?.t === "session.new", `Another client got ${later.answer?.t}.`);
  }),
  check("8.17", "tells another client when a session will be free whose own has fallen silent", async (scene) => {
    const witness = await beginConfirmed(scene);
    const windowMs = scene.resumeWindowMs(witness);
    const { interval_ms = 0, timeout_ms = 0 } = witness.welcome?.hb ?? {};
    scene.need(timeout_ms > 1.5 * interval_ms, "A silent client is given up as soon as it could be noticed.");
    const from = systemClock.now();
    await scene.wait(1.25 * interval_ms);
    const other = await scene.connect({ sessionId: witness.sessionId });
    other.hello();
    await scene.until(other, "a refusal", () => other.messages("server.error").length > 0).catch(() => {});
    scene.need(systemClock.now() - from < timeout_ms, TOO_BUSY);
    await scene.closes(other, 4409, "another client's hello for a session whose client is silent");
    const retryAfterMs = other.messages("server.error").at(-1)?.data.retry_after_ms ?? 0;
    const isSensible = retryAfterMs >= windowMs && retryAfterMs <= windowMs + timeout_ms;
    scene.expect(isSensible, `It said ${retryAfterMs} ms, and the session waits ${windowMs} ms once it is given up.`);
  }),
  check("8.18", "refuses another client for good while the session's own is heard", async (scene) => {
    const witness = await beginConfirmed(scene);
    const other = await scene.connect({ sessionId: witness.sessionId });
    witness.sendText(encodeClientMessage("client.hb", {}));
    other.hello();
    await scene.closes(other, 4409, "another client's hello");
    const error = other.messages("server.error").at(-1)?.data;
    scene.expect(error?.code === "in_use", `It refused with ${error?.code ?? "no error"} and not with in_use.`);
    scene.expect(error?.retry_after_ms === undefined, "It said when to come back although the client is attached.");
  }),
  check("9.1", "takes anything that comes for a sign of life", async (scene) => {
    const witness = await beginConfirmed(scene);
    const { timeout_ms = 0 } = witness.welcome?.hb ?? {};
    scene.afford(1.3 * timeout_ms);
    for (let quarter = 1; quarter <= 5; quarter += 1) {
      const from = systemClock.now();
      await scene.pause(timeout_ms / 4);
      scene.need(systemClock.now() - from < timeout_ms / 2, TOO_BUSY);
      // Audio that it knows, and no heartbeat.
      witness.sendFrame(0);
    }
    await scene.pause();
    const { code } = witness.closed ?? {};
    scene.expect(code === undefined, `A client that sent nothing but audio was closed with ${code}.`);
  }),
  check("9.2", "sends a heartbeat if it has sent nothing for its interval", async (scene) => {
    const witness = await beginConfirmed(scene);
    const { interval_ms = 0 } = witness.welcome?.hb ?? {};
    const before = witness.received.length;
    await scene.wait(interval_ms);
    const isHeard = (): boolean => witness.received.length > before;
    await scene.until(witness, "a heartbeat", isHeard, DELAY_MS + interval_ms / 4);
  }),
  check(
    "9.3",
    "closes with 4408 after its timeout of silence, whatever came before, and keeps the session",
    async (scene) => {
      const from = systemClock.now();
      const [silent, fallenSilent] = [await scene.begin(), await beginConfirmed(scene)];
      const { timeout_ms = 0 } = silent.welcome?.hb ?? {};
      scene.afford(1.5 * timeout_ms);
      await scene.pause(timeout_ms / 2);
      fallenSilent.sendText(encodeClientMessage("client.hb", {}));
      await scene.closes(silent, 4408, "its timeout without anything", 1.5 * timeout_ms + DELAY_MS);
      scene.expect(silent.closedAt - from >= 0.9 * timeout_ms, "It closed a connection before its timeout was over.");
      await scene.closes(fallenSilent, 4408, "its timeout after a heartbeat", 1.5 * timeout_ms + DELAY_MS);
      const { seconds = 0, token } = fallenSilent.welcome?.resume_window ?? {};
      if (token === undefined || systemClock.now() - fallenSilent.closedAt > 500 * seconds) return;
      await scene.resumed(fallenSilent);
    },
  ),
];

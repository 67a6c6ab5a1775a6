import { type Check, check } from "../check.js";
import type { Witness } from "../client/witness.js";
import { FRAME, type Scene } from "../scene.js";

/** A session whose client has shown that it has the answer. */
async function beginConfirmed(scene: Scene): Promise<Witness> {
  const witness = await scene.begin();
  scene.resumeWindowMs(witness);
  witness.sendFrame(0);
  await scene.acknowledged(witness, FRAME);
  return witness;
}

async function refused(scene: Scene, witness: Witness, what: string, error: string, code: number): Promise<void> {
  await scene.closes(witness, code, what);
  const errors = witness.messages("server.error").map(({ data }) => data.code);
  scene.expect(
    errors.includes(error),
    `${what} was refused with ${errors.join(", ") || "no error"}, not with ${error}.`,
  );
}

/** An opening for a session that another client has. */
const stranger = (scene: Scene, witness: Witness) => scene.connect({ sessionId: witness.sessionId });

/** Section 8: identity and secrets. */
export const IDENTITY_CHECKS: readonly Check[] = [
  check("8.1", "finds the same session when the answer to a hello was lost", async (scene) => {
    const first = await scene.begin();
    const { successor } = first;
    first.tearAway();
    const second = await scene.connect(successor);
    second.hello();
    await scene.answered(second);
    scene.expect(second.answer?.t === "session.new", `The second hello was answered with ${second.answer?.t}.`);
  }),
  check("8.3", "takes an earlier secret until the client has shown that it has a newer one", async (scene) => {
    const first = await beginConfirmed(scene);
    const { successor } = first;
    first.tearAway();
    // The second connection is lost before the client has shown that it got its welcome.
    const second = await scene.connect(successor);
    second.resume();
    await scene.answered(second);
    second.tearAway();
    const third = await scene.connect({ ...successor, attempt: second.attempt });
    third.resume();
    await scene.answered(third);
    scene.expect(
      third.answer?.t === "session.ack",
      "The earlier secret was not taken although the newer was never used.",
    );
    third.sendFrame(FRAME);
    await scene.acknowledged(third, 2 * FRAME);
    const late = await scene.connect({ ...successor, attempt: third.attempt });
    late.resume();
    await refused(scene, late, "A secret whose successor was used", "invalid_resume_token", 4403);
  }),
  check("8.4", "refuses another client unless it takes the session over", async (scene) => {
    const first = await scene.begin();
    const other = await stranger(scene, first);
    other.hello();
    await refused(scene, other, "Another client", "in_use", 4409);
    const heir = await stranger(scene, first);
    heir.hello({ takeover: true });
    await scene.answered(heir);
    scene.expect(heir.answer?.t === "session.new", `The takeover was answered with ${heir.answer?.t}.`);
    await scene.closes(first, 4410, "the takeover by another client");
  }),
  check("8.5", "refuses a late echo of an earlier connection", async (scene) => {
    const first = await scene.begin();
    const echo = await scene.connect({ ...first.successor, attempt: 0 });
    echo.hello();
    await refused(scene, echo, "An attempt that is known", "stale", 4411);
  }),
  check("8.6", "resumes with the right epoch and a good secret", async (scene) => {
    const first = await beginConfirmed(scene);
    first.tearAway();
    const second = await scene.resumed(first);
    scene.expect(
      second.messages("session.ack")[0]?.data.epoch !== undefined
        ? second.answer?.data.epoch === first.answer?.data.epoch
        : true,
      "It resumed another epoch.",
    );
  }),
  check("8.7", "begins as if for the first time if nobody has shown to have a secret", async (scene) => {
    const first = await scene.begin();
    const second = await scene.connect(first.successor);
    second.hello();
    await scene.answered(second);
    scene.expect(second.answer?.t === "session.new", `The second hello was answered with ${second.answer?.t}.`);
    second.sendFrame(second.position);
    await scene.acknowledged(second, second.position + FRAME);
  }),
  check("8.8", "begins a new lineage for a client that has been with another server", async (scene) => {
    const first = await beginConfirmed(scene);
    const epoch = first.answer?.data.epoch ?? 0;
    const second = await scene.connect(first.successor);
    second.resume({ epoch: epoch + 1_000, resume_token: "of another server" });
    await scene.answered(second);
    const { t, data } = second.answer ?? {};
    scene.expect(t === "session.new", `A resume of another epoch was answered with ${t}.`);
    scene.expect(data?.epoch !== epoch, "The new lineage has the epoch of the one before.");
    await scene.closes(first, 4411, "the beginning of a new lineage");
  }),
  check("8.9", "refuses a wrong secret, and a hello for a session whose secret is known", async (scene) => {
    const first = await beginConfirmed(scene);
    const guesser = await scene.connect(first.successor);
    guesser.resume({ resume_token: "a guess" });
    await refused(scene, guesser, "A wrong secret", "invalid_resume_token", 4403);
    const forgetful = await scene.connect({ ...first.successor, attempt: guesser.attempt });
    forgetful.hello();
    await refused(scene, forgetful, "A hello for a session whose secret is known", "in_use", 4409);
  }),
  check("8.10", "changes nothing for the attached client when it refuses another", async (scene) => {
    const first = await scene.begin();
    await scene.speak(first, 1).catch(() => {});
    const said = Math.max(0, ...first.numbers);
    const guesser = await scene.connect(first.successor);
    guesser.resume({ resume_token: "a guess", attempt: 1 });
    await scene.closes(guesser, 4411, "an attempt that is known");
    const intruder = await stranger(scene, first);
    intruder.resume({ epoch: first.answer?.data.epoch, resume_token: "a guess" });
    await scene.closes(intruder, 4409, "a resume by another client");
    const next = first.sentTo;
    first.sendFrame(next);
    await scene.acknowledged(first, next + FRAME);
    if (said === 0) return;
    await scene.speak(first, said + 1);
    const repeated = first.numbers.slice(first.numbers.indexOf(said) + 1).find((seq) => seq <= said);
    scene.expect(
      repeated === undefined,
      `After refused openings number ${repeated} came again, and ${said} had been said.`,
    );
    if (first.welcome?.resume_window.token === undefined) return;
    first.tearAway();
    const again = await scene.resumed(first, { last_seq: 0 });
    const { gap } = again.messages("session.snapshot")[0]?.data ?? {};
    const isAccounted = again.numbers.includes(1) || gap?.from_seq === 1;
    scene.expect(isAccounted, "After refused openings the messages to be sent again were gone.");
  }),
  check("8.11", "closes the previous connection with 4411, and raises generation", async (scene) => {
    const first = await scene.begin();
    const second = await scene.connect(first.successor);
    second.hello();
    await scene.answered(second);
    await scene.closes(first, 4411, "a newer connection of the same client");
    const [before, after] = [first.welcome?.generation, second.welcome?.generation];
    const isRaised = before === undefined || after === undefined || after > before;
    scene.expect(isRaised, `The generation went from ${before} to ${after}.`);
  }),
  check("11.3.2", "takes the older secret of a client that has lost a welcome", async (scene) => {
    const first = await beginConfirmed(scene);
    const { successor } = first;
    first.tearAway();
    const lost = await scene.connect(successor);
    lost.resume();
    lost.tearAway();
    const again = await scene.connect({ ...successor, attempt: lost.attempt });
    again.resume();
    await scene.answered(again);
    scene.expect(again.answer?.t === "session.ack", `The second resume was answered with ${again.answer?.t}.`);
  }),
];

import { encodeClientMessage } from "loquilex/protocol";
import { type Check, check } from "../check.js";

/** Sections 7 and 11.2: numbered messages and their replay. */
export const NUMBERED_CHECKS: readonly Check[] = [
  check("7.1", "numbers what it says about sound from 1", async (scene) => {
    const witness = await scene.begin();
    await scene.speak(witness, 2);
    scene.expect(witness.firstNumber === 1, `The first number of a new session is ${witness.firstNumber}.`);
  }),
  check("7.4", "keeps what is not acknowledged, and sends no more than max_in_flight ahead", async (scene) => {
    const witness = await scene.begin({ max_in_flight: 2 });
    await scene.speak(witness, 2);
    const from = witness.sentTo;
    // What a third and a fourth one would be about.
    await scene.speak(witness, 3).catch(() => {});
    scene.expect(
      Math.max(...witness.numbers) <= 2,
      `With max_in_flight 2 and nothing acknowledged it sent number ${Math.max(...witness.numbers)}.`,
    );
    scene.need(witness.sentTo > from, "The server took no more sound.");
    const before = witness.numbers.length;
    witness.send("client.ack", { ack_seq: 2 });
    await scene.until(witness, "message after an acknowledgement of 2", () => witness.numbers.length > before);
    const { numbers } = witness;
    scene.expect(numbers[2] === 3 || witness.messages("queue.drop").length > 0, `After 2 it sent ${numbers[2]}.`);
  }),
  check("7.5", "announces what it can no longer send again", async (scene) => {
    const witness = await scene.begin({ max_in_flight: 1_000 });
    await scene.speak(witness, 1);
    await scene.speak(witness, 40).catch(() => {});
    scene.resumeWindowMs(witness);
    const said = Math.max(...witness.numbers);
    witness.tearAway();
    const again = await scene.resumed(witness, { last_seq: 0 });
    const { gap, current_seq } = again.messages("session.snapshot")[0]?.data ?? {};
    scene.expect((current_seq ?? said) >= said, `It had said number ${said}, and now knows of ${current_seq}.`);
    const numbers = again.numbers;
    const isAccounted = (seq: number): boolean =>
      numbers.includes(seq) || (gap !== undefined && gap.from_seq <= seq && seq <= gap.to_seq);
    for (let seq = 1; seq <= said; seq += 1) {
      scene.expect(isAccounted(seq), `Number ${seq} of ${said} was neither sent again nor announced as gone.`);
    }
  }),
  check("9.4", "answers a heartbeat at once, with its id", async (scene) => {
    const witness = await scene.begin();
    witness.sendText(encodeClientMessage("client.hb", {}, { id: "beat" }));
    const answers = () => witness.messages("server.hb").filter(({ corr }) => corr === "beat");
    await scene.until(witness, "the answer to a heartbeat", () => answers().length > 0, 2_000);
  }),
  check("11.2.1", "answers a resume in order: welcome, snapshot, what was missed, answer", async (scene) => {
    const witness = await scene.begin();
    scene.resumeWindowMs(witness);
    await scene.speak(witness, 2);
    witness.tearAway();
    const again = await scene.resumed(witness, { last_seq: 0 });
    const order = again.received.map(({ t, seq }) => (seq === undefined ? t : seq));
    const answered = order.indexOf("session.ack");
    const head = order.slice(0, answered).filter((what) => what !== "server.hb" && what !== "queue.drop");
    const numbers = head.filter((what) => typeof what === "number");
    const expected = ["server.welcome", "session.snapshot", ...numbers.toSorted((a, b) => a - b)];
    scene.expect(head.join() === expected.join(), `It answered in the order ${head.join(", ")}, session.ack.`);
    const { current_seq = 0 } = again.messages("session.snapshot")[0]?.data ?? {};
    scene.expect(
      numbers.every((seq) => seq <= current_seq),
      `The snapshot knows of ${current_seq} numbers, and number ${Math.max(...numbers)} came before the answer.`,
    );
  }),
  check("11.2.2", "names the position that it expects when it resumes", async (scene) => {
    const witness = await scene.begin();
    scene.resumeWindowMs(witness);
    for (let frame = 0; frame < 10; frame += 1) witness.sendFrame(frame * 320);
    await scene.acknowledged(witness, 3_200);
    witness.tearAway();
    const again = await scene.resumed(witness);
    scene.expect(again.position === 3_200, `It had all 3200 samples, and now expects ${again.position}.`);
    again.sendFrame(3_200);
    await scene.acknowledged(again, 3_520);
  }),
  check("11.4.6", "begins with number 1 again when it knows nothing of a session", async (scene) => {
    const witness = await scene.connect();
    witness.resume({ last_seq: 50, epoch: 4_711, resume_token: "from another server" });
    await scene.answered(witness);
    scene.expect(
      witness.answer?.t === "session.new",
      `A resume of a session that it never had was answered with ${witness.answer?.t}.`,
    );
    await scene.speak(witness, 1);
    scene.expect(witness.firstNumber === 1, `The first number of the new lineage is ${witness.firstNumber}.`);
  }),
];

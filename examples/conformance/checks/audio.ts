import { AudioFrameFlag } from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { type Check, check } from "../check.js";
import { FRAME, RATE } from "../scene.js";

/** The longest time between acknowledgements, and what a network and a busy machine add to it. */
const ACKNOWLEDGE_MS = 200;
const DELAY_MS = 400;
/** How soon a server may ask again for what has not come. */
const ASK_AGAIN_MS = 5_000;
/** Ten hours. */
const LONG_GAP = 36_000 * RATE;
/** Audio that is sent at once to see that no clock decides. */
const BURST_SAMPLES = 8 * RATE;

/** Sections 6 and 12: positions, acknowledgement and limits. */
export const AUDIO_CHECKS: readonly Check[] = [
  check("6.1", "drops a frame that it knows", async (scene) => {
    const witness = await scene.begin();
    for (const position of [0, FRAME, 0, FRAME, 2 * FRAME]) witness.sendFrame(position);
    await scene.acknowledged(witness, 3 * FRAME);
    scene.expect(witness.messages("audio.resync").length === 0, "It asked for audio although nothing was missing.");
  }),
  check("6.2", "takes a frame that starts where it expects one", async (scene) => {
    const witness = await scene.begin();
    witness.sendFrame(0);
    await scene.acknowledged(witness, FRAME);
    witness.sendFrame(FRAME);
    await scene.acknowledged(witness, 2 * FRAME);
  }),
  check("6.3", "takes what is new in a frame that overlaps", async (scene) => {
    const witness = await scene.begin();
    witness.sendFrame(0);
    witness.sendFrame(FRAME / 2);
    await scene.acknowledged(witness, FRAME + FRAME / 2);
  }),
  check("6.4", "asks once for audio that is missing, and drops what comes until it fits", async (scene) => {
    const witness = await scene.begin();
    witness.sendFrame(0);
    for (const frame of [2, 3, 4]) witness.sendFrame(frame * FRAME);
    const asked = () => witness.messages("audio.resync");
    await scene.until(witness, "a request for the missing audio", () => asked().length > 0);
    scene.expect(
      asked()[0]?.data.position === FRAME,
      `It asked for ${asked()[0]?.data.position} and not for the position that it expects, ${FRAME}.`,
    );
    await scene.pause();
    scene.expect(asked().length === 1, "It asked again within moments.");
    scene.expect(witness.acknowledged <= FRAME, "It acknowledged audio beyond a hole.");
    for (const frame of [1, 2, 3, 4]) witness.sendFrame(frame * FRAME);
    await scene.acknowledged(witness, 5 * FRAME);
  }),
  check("6.5", "does not ask again for missing audio within five seconds", async (scene) => {
    const witness = await scene.begin();
    const from = systemClock.now();
    witness.sendFrame(FRAME);
    await scene.until(witness, "a request for the missing audio", () => witness.messages("audio.resync").length > 0);
    await scene.wait(ASK_AGAIN_MS - DELAY_MS);
    const [, again] = witness.heard.filter(({ message }) => message.t === "audio.resync");
    const isEarly = again !== undefined && again.at - from < ASK_AGAIN_MS;
    scene.expect(!isEarly, "It asked again before five seconds were over.");
  }),
  check("6.6", "acknowledges everything before a position at once", async (scene) => {
    const witness = await scene.begin();
    for (let frame = 0; frame < 50; frame += 1) witness.sendFrame(frame * FRAME);
    await scene.acknowledged(witness, 50 * FRAME);
  }),
  check("6.7", "keeps the audio that it acknowledges, of sessions that send at the same time", async (scene) => {
    const witnesses = await Promise.all([1, 2, 3].map(() => scene.begin()));
    for (let frame = 0; frame < 100; frame += 1) {
      for (const witness of witnesses) witness.sendFrame(frame * FRAME);
      if (frame % 10 === 9) await scene.pause(10);
    }
    for (const witness of witnesses) await scene.acknowledged(witness, 100 * FRAME);
    for (const witness of witnesses) {
      if (witness.welcome?.resume_window.token === undefined) continue;
      const { acknowledged } = witness;
      witness.tearAway();
      const again = await scene.resume(witness);
      if (again.answer?.t !== "session.ack") continue;
      scene.expect(
        again.position >= acknowledged,
        `It acknowledged ${acknowledged} and had ${again.position} afterwards.`,
      );
    }
  }),
  check("6.8", "acknowledges every 200 ms while audio flows, and right after an opening", async (scene) => {
    const witness = await scene.begin();
    await scene.until(witness, "the acknowledgement after the opening", () => witness.acknowledged >= 0);
    const started = systemClock.now();
    // How late this machine itself is, and how late the server answers a ping.
    let lateMs = 0;
    for (let frame = 0; frame < 75; frame += 1) {
      witness.sendFrame(frame * FRAME);
      void witness.socket.ping().then((tookMs) => {
        lateMs = Math.max(lateMs, tookMs);
      });
      const due = started + 20 * (frame + 1);
      await scene.pause(Math.max(1, due - systemClock.now()));
      lateMs = Math.max(lateMs, systemClock.now() - due);
    }
    await scene.acknowledged(witness, 75 * FRAME);
    const times = witness.heard.flatMap(({ message, at }) => (message.t === "audio.ack" && at > started ? [at] : []));
    const pauses = times.map((at, index) => Math.round(at - (times[index - 1] ?? started)));
    const longest = Math.max(...pauses);
    scene.expect(
      longest <= ACKNOWLEDGE_MS + DELAY_MS + 2 * lateMs,
      `It acknowledged nothing for ${longest} ms while audio was sent in real time.`,
    );
  }),
  check("6.13", "begins no later than the client can", async (scene) => {
    const audio = { encoding: "pcm_s16le", sample_rate: RATE, channels: 1, first: 5 * RATE, next: 7 * RATE } as const;
    const witness = await scene.begin({ audio });
    scene.expect(
      witness.position <= audio.first,
      `It begins at ${witness.position}, and the client at ${audio.first}.`,
    );
    witness.sent(witness.position);
    witness.sendFrame(audio.first, FRAME, witness.position < audio.first ? AudioFrameFlag.gap : 0);
    await scene.acknowledged(witness, audio.first + FRAME);
  }),
  check("12.1", "takes audio that comes faster than it was spoken", async (scene) => {
    const witness = await scene.begin();
    const window = witness.welcome?.audio?.window ?? 0;
    const end = Math.min(BURST_SAMPLES, window - (window % FRAME));
    for (let position = 0; position < end; position += FRAME) witness.sendFrame(position);
    await scene.acknowledged(witness, end);
  }),
  check("12.2", "takes a gap of any length", async (scene) => {
    const witness = await scene.begin();
    witness.sendFrame(0);
    witness.sendFrame(LONG_GAP, FRAME, AudioFrameFlag.gap);
    await scene.acknowledged(witness, LONG_GAP + FRAME);
  }),
];

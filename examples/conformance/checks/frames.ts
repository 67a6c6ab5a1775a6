import { AudioFrameFlag, type AudioOffer, encodeAudioFrame } from "loquilex/protocol";
import { type Check, check } from "../check.js";
import type { Witness } from "../client/witness.js";
import { FRAME, RATE, type Scene } from "../scene.js";

/** Twenty milliseconds of Opus: one byte says so, and its packet has nothing in it. */
const EMPTY_PACKET = Uint8Array.of(0xf8);
const { gap, muted, last, restart } = AudioFrameFlag;

const NO_ENCODING = "The server does not take the encoding that this is about.";

/** A session with audio of a format that not every server takes. */
async function beginWith(scene: Scene, format: Pick<AudioOffer, "encoding" | "channels">): Promise<Witness> {
  const witness = await scene.connect();
  witness.hello({ audio: { ...format, sample_rate: RATE, first: 0, next: 0 } });
  await scene
    .until(witness, "the answer to the opening", () => witness.answer !== undefined)
    .catch((error: unknown) => {
      scene.need(witness.closed?.code !== 4406, NO_ENCODING);
      throw error;
    });
  scene.need(witness.welcome?.audio !== undefined, NO_ENCODING);
  return witness;
}

function sendPacket(witness: Witness, position: number, sampleCount: number, flags: number): void {
  witness.socket.send(encodeAudioFrame({ flags, position, sampleCount, payload: EMPTY_PACKET }));
  witness.sent(position + sampleCount);
}

/** A frame that is right but for one byte. */
function damaged(index: number, value: number, payloadBytes = 2 * FRAME): Uint8Array {
  const frame = encodeAudioFrame({ flags: 0, position: 0, sampleCount: FRAME, payload: new Uint8Array(payloadBytes) });
  frame[index] = value;
  return frame;
}

/** Section 3: audio frames. */
export const FRAME_CHECKS: readonly Check[] = [
  check("3.1", "counts time and not values if there are two channels", async (scene) => {
    const witness = await beginWith(scene, { encoding: "pcm_s16le", channels: 2 });
    const payload = new Uint8Array(2 * 2 * FRAME);
    witness.socket.send(encodeAudioFrame({ flags: 0, position: 0, sampleCount: FRAME, payload }));
    witness.sent(FRAME);
    await scene.acknowledged(witness, FRAME);
  }),
  check("3.2", "closes with 4400 for a frame that is not as the table has it", async (scene) => {
    for (const [what, frame] of [
      ["a frame of kind 2", damaged(0, 2)],
      ["a frame with an unknown flag", damaged(1, 16)],
      ["a frame of no samples", damaged(2, 0).fill(0, 2, 4)],
      ["a frame beyond position 2^53", damaged(10, 0x20)],
      ["a frame with half a sample too much", damaged(0, 1, 2 * FRAME + 1)],
      ["an empty binary message", new Uint8Array(0)],
    ] as const) {
      await scene.refuses(what, 4400, (witness) => witness.socket.send(frame));
    }
  }),
  check("3.3", "takes a declared gap as audio that does not exist", async (scene) => {
    const witness = await scene.begin();
    witness.sendFrame(0);
    witness.sendFrame(RATE, FRAME, gap);
    await scene.acknowledged(witness, RATE + FRAME);
  }),
  check("3.4", "takes muted audio as time like any other", async (scene) => {
    const witness = await scene.begin();
    witness.sendFrame(0, FRAME, muted);
    await scene.acknowledged(witness, FRAME);
  }),
  check("3.5", "takes the flag last as no more than a hint", async (scene) => {
    const witness = await scene.begin();
    witness.sendFrame(0, FRAME, last);
    witness.sendFrame(FRAME);
    await scene.acknowledged(witness, 2 * FRAME);
  }),
  check("3.6", "closes with 4400 for the flag restart with an encoding that is not Opus", async (scene) => {
    await scene.refuses("the flag restart with PCM", 4400, (witness) => witness.sendFrame(0, FRAME, restart));
  }),
  check("3.10", "closes with 4400 for more samples than an Opus packet has", async (scene) => {
    const witness = await beginWith(scene, { encoding: "opus", channels: 1 });
    sendPacket(witness, 0, FRAME + 1, restart);
    await scene.closes(witness, 4400, "a packet of 20 ms said to have more");
  }),
  check("3.12", "goes on after Opus packets that are missing, with positions that stay right", async (scene) => {
    const witness = await beginWith(scene, { encoding: "opus", channels: 1 });
    sendPacket(witness, 0, FRAME, restart);
    sendPacket(witness, 3 * FRAME, FRAME, gap);
    await scene.acknowledged(witness, 4 * FRAME);
  }),
];

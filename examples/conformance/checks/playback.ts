import {
  decodeAudioFrame,
  PLAYBACK_EXTENSION,
  type PlaybackClientData,
  type PlaybackServerData,
} from "loquilex/protocol";
import { type Check, check } from "../check.js";
import type { Witness } from "../client/witness.js";
import { FRAME, RATE, type Scene } from "../scene.js";

const ACCEPT = ["audio/1", PLAYBACK_EXTENSION];
/** Room for so many samples, which is less than anybody says. */
const WINDOW = 4_000;
const SOON_MS = 1_500;
const SILENT = "The server offers no audio of its own.";

const said = <T extends keyof PlaybackServerData>(witness: Witness, t: T): PlaybackServerData[T][] =>
  witness.received.filter((message) => message.t === t).map(({ data }) => data as PlaybackServerData[T]);

const say = <T extends keyof PlaybackClientData>(witness: Witness, t: T, data: PlaybackClientData[T]): void =>
  witness.send(t, data as never);

/** The frames of the server on one connection. */
function framesOf(scene: Scene, witness: Witness) {
  const { channels = 1 } = said(witness, "playback.offer")[0] ?? {};
  return witness.binary.map((bytes) => {
    try {
      return decodeAudioFrame(bytes, { encoding: "pcm_s16le", channels });
    } catch (error) {
      scene.expect(false, `A frame of the server cannot be read: ${(error as Error).message}`);
      throw error;
    }
  });
}

const endOf = (scene: Scene, witness: Witness): number => {
  const last = framesOf(scene, witness).at(-1);
  return last === undefined
    ? (said(witness, "playback.start").at(-1)?.position ?? 0)
    : last.position + last.sampleCount;
};

/** A connection with an offer, to a client that has said something to which there may be an answer. */
async function offered(scene: Scene, previous?: Witness): Promise<Witness> {
  const witness =
    previous === undefined ? await scene.begin({ accept: ACCEPT }) : await scene.resumed(previous, { accept: ACCEPT });
  for (let at = 0; at < RATE; at += FRAME) if (previous === undefined) witness.sendFrame(at);
  await scene.pause(300);
  scene.need(said(witness, "playback.offer").length > 0, SILENT);
  return witness;
}

async function open(scene: Scene, witness: Witness, more: Partial<PlaybackClientData["playback.open"]> = {}) {
  const before = said(witness, "playback.start").length;
  say(witness, "playback.open", { next: 0, heard: 0, interrupts: 0, window: WINDOW, ...more });
  return started(scene, witness, before);
}

async function interrupt(scene: Scene, witness: Witness, heard: number, interrupts: number) {
  const before = said(witness, "playback.start").length;
  say(witness, "playback.interrupt", { heard, interrupts });
  return started(scene, witness, before);
}

async function started(scene: Scene, witness: Witness, before: number): Promise<PlaybackServerData["playback.start"]> {
  await scene.until(witness, "the playback.start", () => said(witness, "playback.start").length > before);
  const start = said(witness, "playback.start")[before];
  if (start === undefined) throw new Error("It has just been there.");
  return start;
}

/** An open connection on which something was said. */
async function speaking(scene: Scene): Promise<Witness> {
  const witness = await offered(scene);
  await open(scene, witness);
  await scene.until(witness, "a frame", () => witness.binary.length > 0, SOON_MS).catch(() => {});
  scene.need(witness.binary.length > 0, "The server says nothing.");
  await scene.pause(100);
  return witness;
}

/** Section 14: audio of the server. */
export const PLAYBACK_CHECKS: readonly Check[] = [
  check("14.1", "offers audio of its own once, right after the answer", async (scene) => {
    const witness = await offered(scene);
    const types = witness.received.map(({ t }) => t);
    const answeredAt = types.findIndex((t) => t === "session.new" || t === "session.ack");
    scene.expect(types[answeredAt + 1] === "playback.offer", `After its answer it sent ${types[answeredAt + 1]}.`);
    scene.expect(said(witness, "playback.offer").length === 1, "It offered its audio more than once.");
  }),
  check("14.2", "sends nothing of its own audio to a client that has not offered to play it", async (scene) => {
    const witness = await scene.begin();
    for (let at = 0; at < RATE; at += FRAME) witness.sendFrame(at);
    await scene.pause(500);
    const types = witness.received.map(({ t }) => t).filter((t) => t.startsWith("playback."));
    scene.expect(types.length === 0, `It sent ${types[0]}.`);
    scene.expect(witness.binary.length === 0, "It sent a binary frame.");
  }),
  check("14.3", "sends no frame before it has answered playback.open", async (scene) => {
    const witness = await offered(scene);
    scene.expect(witness.binary.length === 0, "It sent a frame before playback.open.");
    await open(scene, witness);
  }),
  check("14.4", "begins at the position that the client asks for", async (scene) => {
    const start = await open(scene, await offered(scene));
    scene.expect(start.interrupts === 0, `It answered interruption ${start.interrupts}, and there was none.`);
    scene.expect(start.position === 0, `It began at ${start.position} and not at 0.`);
  }),
  check("14.5", "sends frames without a hole", async (scene) => {
    const witness = await speaking(scene);
    let expected = said(witness, "playback.start")[0]?.position ?? 0;
    for (const { position, sampleCount, flags } of framesOf(scene, witness)) {
      scene.expect(position === expected && flags === 0, `A frame began at ${position} and not at ${expected}.`);
      expected = position + sampleCount;
    }
  }),
  check("14.6", "sends the same again where it sends again", async (scene) => {
    const witness = await speaking(scene);
    scene.resumeWindowMs(witness);
    const [before] = framesOf(scene, witness);
    witness.tearAway();
    const again = await offered(scene, witness);
    await open(scene, again);
    await scene.until(again, "a frame", () => again.binary.length > 0);
    const [after] = framesOf(scene, again);
    const bytes = Math.min(before?.payload.byteLength ?? 0, after?.payload.byteLength ?? 0);
    const isSame = Buffer.compare(
      Buffer.from(before?.payload.subarray(0, bytes) ?? []),
      Buffer.from(after?.payload.subarray(0, bytes) ?? []),
    );
    scene.expect(isSame === 0, "The first samples are others when they are sent again.");
  }),
  check("14.7", "sends no more than the window holds", async (scene) => {
    const witness = await speaking(scene);
    const end = endOf(scene, witness);
    scene.expect(end <= WINDOW, `It sent ${end} samples where ${WINDOW} have room.`);
    const heard = Math.floor(end / 2);
    say(witness, "playback.ack", { heard });
    await scene.pause(300);
    const later = endOf(scene, witness);
    scene.expect(later <= heard + WINDOW, `It sent up to ${later} where there is room up to ${heard + WINDOW}.`);
  }),
  check("14.8", "goes on where the client stands when that comes back", async (scene) => {
    const witness = await speaking(scene);
    scene.resumeWindowMs(witness);
    const next = Math.ceil(endOf(scene, witness) / 2);
    witness.tearAway();
    const again = await offered(scene, witness);
    const start = await open(scene, again, { next });
    scene.expect(start.position === next && start.gap !== true, `It went on at ${start.position} and not at ${next}.`);
  }),
  check("14.9", "gives up what it says when it is interrupted", async (scene) => {
    const witness = await speaking(scene);
    const start = await interrupt(scene, witness, 0, 1);
    const end = Math.max(...framesOf(scene, witness).map(({ position, sampleCount }) => position + sampleCount));
    scene.expect(start.interrupts === 1, `It answered interruption ${start.interrupts} and not the first.`);
    scene.expect(start.position <= end, `It went on at ${start.position}, and had sent no more than ${end}.`);
  }),
  check("14.11", "says again where it went on if its answer to an interruption is lost", async (scene) => {
    const witness = await speaking(scene);
    scene.resumeWindowMs(witness);
    const { position } = await interrupt(scene, witness, 0, 1);
    witness.tearAway();
    const again = await offered(scene, witness);
    const start = await open(scene, again, { interrupts: 1 });
    scene.expect(start.position >= position, `It went back to ${start.position} from ${position}.`);
  }),
  check("14.12", "closes with 4400 for what a client cannot have heard or asked", async (scene) => {
    for (const [what, misbehave] of [
      ["an ack beyond what was sent", (witness: Witness) => say(witness, "playback.ack", { heard: 2 ** 40 })],
      ["a second playback.open", (witness: Witness) => say(witness, "playback.open", OPENING)],
      [
        "an interruption whose number is skipped",
        (witness: Witness) => say(witness, "playback.interrupt", { heard: 0, interrupts: 7 }),
      ],
    ] as const) {
      const witness = await offered(scene);
      await open(scene, witness);
      misbehave(witness);
      await scene.closes(witness, 4400, what);
    }
  }),
];

const OPENING = { next: 0, heard: 0, interrupts: 0, window: WINDOW };

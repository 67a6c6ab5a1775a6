import { type ClientData, encodeAudioFrame, encodeClientMessage } from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { type Check, check } from "../check.js";
import type { Witness } from "../client/witness.js";
import { FRAME } from "../scene.js";

/** More than any machine's network keeps for a client that does not read. */
const UNREAD_BYTES = 24_000_000;
const BACKLOG_BYTES = 2_000_000;
const BEATS_AT_ONCE = 4_000;
const MOMENT_MS = 5_000;
/** A heartbeat whose answer is as large as one can be. */
const LOUD_BEAT = encodeClientMessage("client.hb", {}, { id: "x".repeat(128) });

const FORMATS: readonly Pick<ClientData["client.hello"]["audio"], "encoding" | "sample_rate" | "channels">[] = [
  { encoding: "pcm_s16le", sample_rate: 44_100, channels: 1 },
  { encoding: "pcm_f32le", sample_rate: 48_000, channels: 2 },
  { encoding: "mulaw", sample_rate: 8_000, channels: 1 },
  { encoding: "opus", sample_rate: 48_000, channels: 1 },
];

/** Sections 10 and 11: refusals, and the end. */
export const REFUSAL_CHECKS: readonly Check[] = [
  check("10.7", "refuses by accepting the WebSocket and closing it with a code", async (scene) => {
    const witness = await scene.connect({ origin: "https://conformance.invalid" });
    witness.hello();
    await scene.answered(witness).catch(() => {});
    scene.need(witness.answer === undefined, "The server serves pages of any origin.");
    await scene.closes(witness, 4403, "an opening from a page of another origin");
    const errors = witness.messages("server.error").map(({ data }) => data.code);
    scene.expect(
      errors.includes("forbidden_origin"),
      `It said ${errors.join() || "nothing"} and not forbidden_origin.`,
    );
  }),
  check("10.8", "bounds what waits for a client that does not read, and serves all others meanwhile", async (scene) => {
    const [deaf, other] = [await scene.begin(), await scene.begin()];
    deaf.socket.pause();
    let asked = 0;
    let sent = 0;
    const until = systemClock.now() + 2 * MOMENT_MS;
    while (!deaf.socket.isOver && sent < UNREAD_BYTES && systemClock.now() < until) {
      // A server that reads no more either keeps little.
      if (deaf.socket.unsentBytes < BACKLOG_BYTES) {
        deaf.socket.sendOften(LOUD_BEAT, BEATS_AT_ONCE);
        sent += BEATS_AT_ONCE * LOUD_BEAT.length;
      }
      asked += 1;
      const id = `other ${asked}`;
      other.sendText(encodeClientMessage("client.hb", {}, { id }));
      const isAnswered = (): boolean => other.messages("server.hb").at(-1)?.corr === id;
      // That the server is late is what this is about.
      await scene.until(other, "answer to a client beside one that does not read", isAnswered, MOMENT_MS, false);
      await scene.pause(50);
    }
    if (deaf.socket.isOver) return;
    const before = deaf.socket.readBytes;
    deaf.socket.resume();
    await scene.pause(MOMENT_MS / 2);
    const kept = deaf.socket.readBytes - before;
    const isOver = deaf.socket.isOver;
    deaf.tearAway();
    scene.expect(isOver || kept < UNREAD_BYTES / 2, `It kept ${kept} bytes for a client that read nothing.`);
  }),
  check("10.9", "closes with 4400 for what breaks the protocol", async (scene) => {
    const frame = encodeAudioFrame({ flags: 0, position: 0, sampleCount: FRAME, payload: new Uint8Array(2 * FRAME) });
    const first: readonly (readonly [string, (witness: Witness) => void])[] = [
      ["a first message that is a heartbeat", (witness) => witness.send("client.hb", {})],
      ["a first message that is audio", (witness) => witness.socket.send(frame)],
      ["a first message that is no JSON", (witness) => witness.sendText("{")],
    ];
    for (const [what, misbehave] of first) await scene.refuses(what, 4400, misbehave, false);
    const later: readonly (readonly [string, (witness: Witness) => void])[] = [
      ["an unknown message", (witness) => witness.sendText('{"v":1,"t":"conformance","data":{}}')],
      ["a field of a wrong kind", (witness) => witness.sendText('{"v":1,"t":"client.ack","data":{"ack_seq":"1"}}')],
      ["a second opening", (witness) => witness.hello()],
      [
        "client.end before audio already sent",
        (witness) => {
          witness.sendFrame(0);
          witness.send("client.end", { position: FRAME / 2 });
        },
      ],
      [
        "audio after client.end",
        (witness) => {
          witness.send("client.end", { position: 0 });
          witness.sendFrame(0);
        },
      ],
    ];
    for (const [what, misbehave] of later) await scene.refuses(what, 4400, misbehave);
  }),
  check("11.1.1", "grants the audio that was offered, or none, or refuses it for good", async (scene) => {
    for (const format of FORMATS) {
      const witness = await scene.connect();
      witness.hello({ audio: { ...format, first: 0, next: 0 } });
      await scene.answered(witness).catch(() => {});
      if (witness.welcome === undefined) {
        await scene.closes(witness, 4406, `an offer of ${format.encoding}`);
        continue;
      }
      const { audio } = witness.welcome;
      if (audio === undefined) continue;
      const { encoding, sample_rate, channels } = audio;
      const granted = JSON.stringify({ encoding, sample_rate, channels });
      scene.expect(
        granted === JSON.stringify(format),
        `It was offered ${JSON.stringify(format)} and granted ${granted}.`,
      );
    }
  }),
  check("11.8.1", "answers the end when it has everything, and asks for what it lacks", async (scene) => {
    const witness = await scene.begin();
    for (const frame of [0, 1, 2]) witness.sendFrame(frame * FRAME);
    witness.send("client.end", { position: 3 * FRAME });
    const ends = () => witness.messages("session.end");
    await scene.until(witness, "the answer to the end", () => ends().length > 0);
    scene.expect(
      ends()[0]?.data.position === 3 * FRAME,
      `It ended at ${ends()[0]?.data.position}, not at ${3 * FRAME}.`,
    );
    const early = await scene.begin();
    early.sendFrame(0);
    early.send("client.end", { position: 2 * FRAME });
    await scene.until(early, "a request for missing audio", () => early.messages("audio.resync").length > 0);
  }),
  check("11.8.2", "says the end again to a client that comes back", async (scene) => {
    const witness = await scene.begin();
    witness.sendFrame(0);
    await scene.acknowledged(witness, FRAME);
    witness.send("client.end", { position: FRAME });
    witness.tearAway();
    const again = await scene.resume(witness);
    // A server that has begun anew gets the audio again.
    for (let at = again.position; at < FRAME; at += FRAME) again.sendFrame(at);
    again.send("client.end", { position: FRAME });
    await scene.until(again, "the answer to the end", () => again.messages("session.end").length > 0);
  }),
];

import { encodeClientMessage } from "loquilex/protocol";
import { type Check, check } from "../check.js";

/** An opening with fields added to its parts. */
const padded = (opening: object, more: object): string => {
  const { audio, ...rest } = opening as { audio: object };
  return JSON.stringify({ v: 1, t: "client.hello", ...more, data: { ...rest, ...more, audio: { ...audio, ...more } } });
};

/** Section 2: text messages. */
export const MESSAGE_CHECKS: readonly Check[] = [
  check("2.1", "takes null for a field that is absent", async (scene) => {
    const witness = await scene.connect();
    const nothing = { id: null, seq: null, corr: null, t_wall: null, t_mono_ns: null };
    const opening = { token: null, takeover: null, ...witness.nextOpening() };
    witness.sendText(JSON.stringify({ v: 1, t: "client.hello", sid: null, ...nothing, data: opening }));
    await scene.answered(witness);
    witness.sendText(JSON.stringify({ v: 1, t: "client.hb", ...nothing, data: { ts: null } }));
    await scene.until(witness, "the answer to a heartbeat", () => witness.messages("server.hb").length > 0);
  }),
  check("2.2", "ignores unknown fields", async (scene) => {
    const witness = await scene.connect();
    witness.sendText(padded(witness.nextOpening(), { conformance: { of: ["a", 1, null] } }));
    await scene.answered(witness);
  }),
  check("2.3", "takes texts up to their length, and whole numbers only where they are asked for", async (scene) => {
    const longest = await scene.connect({ clientId: "c".repeat(128) });
    longest.hello();
    await scene.answered(longest);
    for (const [what, wrong] of [
      ["a session_id of 129 characters", { session_id: "s".repeat(129) }],
      ["an attempt of 1.5", { attempt: 1.5 }],
      [
        "a position of 2^53",
        { audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 2 ** 53 } },
      ],
    ] as const) {
      await scene.refuses(what, 4400, (witness) => witness.hello(wrong), false);
    }
  }),
  check("2.4", "closes with 4400 for an unknown message of a reserved name", async (scene) => {
    const text = JSON.stringify({ v: 1, t: "client.conformance", data: {} });
    await scene.refuses("an unknown client.conformance", 4400, (witness) => witness.sendText(text));
  }),
  check(
    "6.15",
    "takes openings of 65,536 bytes, and closes with 1009 for what is larger than it takes",
    async (scene) => {
      const large = await scene.connect();
      const opening = large.nextOpening();
      const room = 65_536 - Buffer.byteLength(padded(opening, { filler: "" }));
      // The filler stands in three places.
      large.sendText(padded(opening, { filler: "x".repeat(Math.floor(room / 3)) }));
      await scene.answered(large);
      const limit = large.welcome?.limits.max_msg_bytes ?? 0;
      const text = encodeClientMessage("client.hb", {}, { id: "x" });
      large.sendText(text.padEnd(limit + 1));
      await scene.closes(large, 1009, "a message of more than max_msg_bytes");
    },
  ),
];

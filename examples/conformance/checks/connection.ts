import { SUBPROTOCOL } from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { type Check, check } from "../check.js";

/** How long a server may wait for the first message, and how much later it may notice. */
const OPENING_MS = 10_000;
const NOTICED_MS = 20_000;

/** Sections 1 and 13: the connection and its opening. */
export const CONNECTION_CHECKS: readonly Check[] = [
  check("1.1", "echoes the subprotocol loquilex.v1 and nothing else", async (scene) => {
    for (const protocols of [[SUBPROTOCOL], ["other.v9", SUBPROTOCOL]]) {
      const { socket } = await scene.connect({ protocols });
      scene.expect(
        socket.protocol === SUBPROTOCOL,
        `Of the subprotocols ${protocols.join(", ")} it echoed "${socket.protocol}".`,
      );
    }
  }),
  check("1.2", "serves clients without a subprotocol, and closes with 4406 for other ones only", async (scene) => {
    const without = await scene.begin({}, { protocols: [] });
    scene.expect(without.socket.protocol === "", "It echoed a subprotocol that was not offered.");
    const other = await scene.connect({ protocols: ["other.v9"] });
    await scene.closes(other, 4406, "an offer of other subprotocols only");
  }),
  check("1.3", "says nothing before the client's opening, and waits ten seconds for it", async (scene) => {
    const from = systemClock.now();
    const silent = await scene.connect();
    await scene.pause();
    scene.expect(silent.heard.length === 0, "It spoke before it had the client's opening.");
    await scene.wait(OPENING_MS - 500);
    await scene.closes(silent, 4408, "ten seconds without an opening", NOTICED_MS - OPENING_MS);
    scene.expect(
      silent.closedAt - from >= 0.99 * OPENING_MS,
      "It closed the connection before the ten seconds were over.",
    );
  }),
  check("1.6", "attaches one connection to a session at a time", async (scene) => {
    const first = await scene.begin();
    const second = await scene.connect(first.successor);
    second.hello();
    await scene.answered(second);
    await scene.closes(first, 4411, "a newer connection of the same client");
  }),
  check("13.1", "closes with 4406 for another version", async (scene) => {
    const data = JSON.stringify({ v: 2, t: "client.hello", data: {} });
    await scene.refuses("a message of version 2", 4406, (witness) => witness.sendText(data), false);
  }),
  check("13.3", "serves a client that offers extensions which it does not know", async (scene) => {
    await scene.begin({ accept: ["audio/1", "conformance/9"] });
  }),
];

import { encodeClientMessage, SUBPROTOCOL } from "../../src/protocol/messages.js";
import { SAMPLE_RATE } from "./client-node.js";
import { Foul } from "./referee.js";
import type { Payload, Wire } from "./wire.js";
import type { World } from "./world.js";

/** Another client opens the session as if it were its own. */
export function openAsStranger(world: World): boolean {
  return isHeld(world) && connect(world, opening(world, "hello"), (data) => expectRefusal(world, data));
}

/**
 * Another client resumes the session under the client's own name. A server can tell it from the client only once that
 * has shown its secret.
 */
export function resumeAsStranger(world: World): boolean {
  const hasAudio = world.server.recordings.some(({ kept }) => kept.length > 0);
  return isHeld(world) && hasAudio && connect(world, opening(world, "resume"), (data) => expectRefusal(world, data));
}

/** Somebody connects and says nothing, for ever. */
export function connectSilently(world: World): boolean {
  world.network.wire({ onMessage: () => {}, onClose: () => {} });
  return true;
}

/** Somebody connects and says what is no opening. */
export function talkRubbish(world: World, rubbish: Payload): boolean {
  return connect(world, rubbish, (data) => expectRefusal(world, data));
}

/** Another tab takes the session over. */
export function takeOver(world: World): void {
  world.takenOver = true;
  world.note("another tab takes over");
  connect(world, opening(world, "takeover"), () => {});
}

/** There is a session that must not be given away. A server that has lost its memory cannot know. */
function isHeld(world: World): boolean {
  const { forgetful, contested } = world.conditions.kind;
  return !forgetful && !contested && world.server.recordings.length > 0 && world.ended === undefined;
}

function expectRefusal(world: World, data: Payload): void {
  const admitted = String(data).includes('"t":"server.welcome"');
  if (admitted && world.server.finished.length === 0) throw new Foul("A stranger was let in.");
}

function connect(world: World, first: Payload, onMessage: (data: Payload) => void): boolean {
  const wire: Wire = world.network.wire({ onMessage, onClose: () => {} });
  wire.tampered = true;
  wire.sendUp(first);
  world.time.after(2_000, () => wire.closeByClient(1000, ""));
  return true;
}

/** What a stranger who knows the session's name, and with `resume` even the client's, would send. */
function opening(world: World, kind: "hello" | "resume" | "takeover"): string {
  const { sessionId, clientId } = world.conditions.session;
  const audio = { encoding: "pcm_s16le" as const, sample_rate: SAMPLE_RATE, channels: 1, first: 0, next: 0 };
  const fields = {
    agent: SUBPROTOCOL,
    accept: ["audio/1"],
    ack_mode: "cumulative" as const,
    max_in_flight: 8,
    session_id: sessionId,
    attempt: 1_000_000,
    token: undefined,
    audio,
  };
  if (kind === "resume") {
    return encodeClientMessage("session.resume", {
      ...fields,
      client_id: clientId,
      last_seq: 0,
      epoch: world.server.recordings.at(-1)?.key.epoch,
      resume_token: "wrong",
    });
  }
  return encodeClientMessage("client.hello", { ...fields, client_id: "stranger", takeover: kind === "takeover" });
}

import { encodeServerMessage } from "../../src/protocol/messages.js";
import type { Lie, Moment, Victim } from "./liar.js";
import { subtract } from "./ranges.js";

/** Positions that no client has reached. */
const FAR_SAMPLES = 1_000_000;

/** More than a client sends between two messages of the server: what it has sent already it must believe. */
const SENT_AT_ONCE_SAMPLES = 8_200;

const acknowledgement = (position: number): string => encodeServerMessage("audio.ack", { position });

/** The message with other data. */
function change({ json }: Moment, edit: (data: Record<string, unknown>) => void): readonly string[] {
  const message = JSON.parse(json) as { data: Record<string, unknown> };
  edit(message.data);
  return [JSON.stringify(message)];
}

/** Changes what a message says of its audio, if it says anything of it. */
function changeAudio(moment: Moment, edit: (audio: Record<string, unknown>) => void): readonly string[] | undefined {
  if (moment.message.data.audio === undefined) return undefined;
  return change(moment, (data) => edit(data.audio as Record<string, unknown>));
}

/** A position that at least so many samples to send lie before. What a full buffer has dropped is not sent. */
function beyond({ sentTo, capturedTo, heldSamples, holes }: Victim, position: number, samples: number): number {
  const lowest = capturedTo - heldSamples + samples;
  let left = samples;
  for (const { from, to } of subtract([{ from: position, to: sentTo }], holes)) {
    if (to - from >= left) return Math.max(lowest, from + left);
    left -= to - from;
  }
  return Number.POSITIVE_INFINITY;
}

export const LIES = {
  acknowledgesBeforeTheAnswer: {
    say: ({ message, json, victim, rng }) => {
      if ((message.t !== "session.new" && message.t !== "session.snapshot") || victim.sentTo === 0) return undefined;
      return [acknowledgement(rng.whole(1, victim.sentTo)), json];
    },
  },
  acknowledgesWhatAnEarlierConnectionGot: {
    say: ({ message, json, victim, rng }) => {
      if (message.t !== "session.ack" && message.t !== "session.new") return undefined;
      const { position } = message.data.audio;
      const first = beyond(victim, position, SENT_AT_ONCE_SAMPLES);
      return victim.sentTo > first ? [json, acknowledgement(rng.whole(first, victim.sentTo))] : undefined;
    },
  },
  beginsBeyondAllAudio: {
    say: (moment) =>
      moment.message.t === "session.new" || moment.message.t === "session.ack"
        ? changeAudio(moment, (audio) => {
            audio.position = moment.victim.capturedTo + moment.rng.whole(1, FAR_SAMPLES);
          })
        : undefined,
  },
  grantsOtherAudio: {
    say: (moment) =>
      moment.message.t === "server.welcome"
        ? changeAudio(moment, (audio) => Object.assign(audio, moment.rng.pick(OTHER_AUDIO)))
        : undefined,
  },
  allowsLess: {
    say: (moment) =>
      moment.message.t === "server.welcome"
        ? change(moment, (data) => {
            const limits = data.limits as { max_msg_bytes: number };
            limits.max_msg_bytes = Math.min(limits.max_msg_bytes, moment.rng.whole(700, 3_000));
          })
        : undefined,
  },
  allowsNothing: {
    say: (moment) =>
      moment.message.t === "server.welcome"
        ? change(moment, (data) => {
            const limits = data.limits as { max_msg_bytes: number };
            limits.max_msg_bytes = moment.rng.whole(1, 13);
          })
        : undefined,
  },
  forgetsAMessage: { say: ({ message, replayed }) => (message.seq === undefined || replayed ? undefined : []) },
  forgetsAReplayedMessage: { say: ({ replayed }) => (replayed ? [] : undefined) },
  repeatsAReplayedMessage: { say: ({ json, replayed }) => (replayed ? [json, json] : undefined) },
  repeatsAMessage: { say: ({ json, message }) => (message.seq === undefined ? undefined : [json, json]) },
  swapsReplayedMessages: { say: ({ json, replayed }) => (replayed ? [json] : undefined), late: true },
} as const satisfies Record<string, Lie>;

const OTHER_AUDIO = [{ encoding: "mulaw" }, { sample_rate: 16_000 }, { channels: 2 }];

import type { AudioOffer, WireAudioFrame } from "loquilex/protocol";
import type { StoredMessage, StoredSession } from "../../protocol/claim.js";
import { keysOf } from "./redis-keys.js";
import type { RedisLink } from "./redis-link.js";

/** What there is of a session without its audio and messages. */
export type SessionHead = Omit<StoredSession, "audio" | "messages"> & {
  /** Which node owns it. */
  readonly node: string;
  /** Number of the client's connection that was attached last. */
  readonly attempt: number;
  /** When it is forgotten, in milliseconds from now, if nobody writes. */
  readonly freeInMs: number;
};

const FIELDS = [
  "node",
  "epoch",
  "term",
  "generation",
  "attempt",
  "session",
  "storedTo",
  "recordedTo",
  "captionedTo",
  "seq",
];

/** What stays as it was when the session began, and its secrets. */
export interface SessionIdentity {
  readonly clientId: string;
  readonly offer: AudioOffer;
  readonly secrets: readonly string[];
}

/** @returns `undefined` if there is no such session, or if it has been given up for another one. */
export async function readHead(link: RedisLink, sessionId: string): Promise<SessionHead | undefined> {
  const [key] = keysOf(sessionId);
  const values = (await link.send(["HMGET", key, ...FIELDS])) as (Buffer | null)[];
  const fields = new Map(FIELDS.map((field, index) => [field, values[index]?.toString() ?? ""]));
  const text = (field: string): string => fields.get(field) ?? "";
  if (text("session") === "") return undefined;
  const { clientId, offer, secrets } = JSON.parse(text("session")) as SessionIdentity;
  const [storedTo, first] = [Number(text("storedTo")), offer.first];
  return {
    ...{ clientId, offer, secrets, storedTo, node: text("node"), attempt: Number(text("attempt")) },
    ...{ epoch: Number(text("epoch")), term: Number(text("term")), generation: Number(text("generation")) },
    ...{ recordedTo: Number(text("recordedTo")), captionedTo: Number(text("captionedTo")), seq: Number(text("seq")) },
    // Audio comes from nobody who has not got an answer.
    confirmed: storedTo > first,
    freeInMs: Math.max(0, (await link.send(["PTTL", key])) as number),
  };
}

/** Reads all that is there for whoever goes on with the session, which nobody else may write to any more. */
export async function readSession(link: RedisLink, sessionId: string): Promise<StoredSession | undefined> {
  const head = await readHead(link, sessionId);
  if (head === undefined) return undefined;
  const [, audioKey, messagesKey] = keysOf(sessionId);
  const [entries, messages] = await Promise.all([readEntries(link, audioKey), readEntries(link, messagesKey)]);
  const audio = entries.map(toFrame);
  const there = { audio, messages: messages.map(toMessage) };
  // A Redis that is short of memory may drop the audio and keep the rest. Its client has what is on no disk, and sends it again.
  const last = audio.at(-1);
  const endsAt = last === undefined ? head.recordedTo : last.position + last.sampleCount;
  const forgotten = endsAt < head.storedTo;
  return forgotten ? { ...head, ...there, storedTo: endsAt, forgotten } : { ...head, ...there };
}

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

const readEntries = async (link: RedisLink, key: string): Promise<readonly Entry[]> =>
  (await link.send(["XRANGE", key, "-", "+"])) as Entry[];

/** The first part of an id is the position, or the number. */
const numberOf = ([id]: Entry): number => Number(id.toString().split("-")[0]);

function toFrame(entry: Entry): WireAudioFrame {
  const position = numberOf(entry);
  const [, to, , audio = Buffer.alloc(0)] = entry[1];
  // A copy, because the buffer may be part of a larger one.
  return { flags: 0, position, sampleCount: Number(to) - position, payload: new Uint8Array(audio) };
}

const toMessage = (entry: Entry): StoredMessage => ({
  ...(JSON.parse(String(entry[1][1])) as Omit<StoredMessage, "seq">),
  seq: numberOf(entry),
});

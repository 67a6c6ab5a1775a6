import { isObject } from "../../internal/arguments.js";
import { sentenceOf } from "../../internal/text-of.js";
import type { Bytes } from "../../protocol/bytes.js";
import type { DialectEvent, DialectSession, RemoteMessage, Verdict } from "../dialect.js";
import type { Fields } from "../parts/fields.js";

const KINDS: readonly unknown[] = ["temporary", "busy", "token", "final"] satisfies Verdict["kind"][];

/** Messages that are longer than this, in characters or bytes, are not read: no service has so much to say at once. */
const MAX_LENGTH = 1_000_000;

/**
 * Lets a dialect be wrong, which may be the application's own: what it throws, or returns that it may not, ends its session.
 * @param onFailure called once; the session is not called any more.
 */
export function guardSession(session: DialectSession, onFailure: (detail: string) => void): DialectSession {
  let isBroken = false;
  const attempt = <T>(name: string, otherwise: T, call: () => T): T => {
    if (isBroken) return otherwise;
    try {
      return call();
    } catch (cause) {
      isBroken = true;
      onFailure(`The dialect has failed in ${name}(), which is a mistake in its code: ${sentenceOf(cause)}`);
      return otherwise;
    }
  };
  const read = (message: RemoteMessage): readonly DialectEvent[] => {
    try {
      if (message.length > MAX_LENGTH) throw new RangeError(`It is ${message.length} characters long`);
      return session.receive(message);
    } catch (cause) {
      const detail = `The service sent a message that cannot be understood: ${sentenceOf(cause)}`;
      return [{ type: "refused", verdict: { kind: "temporary", detail } }];
    }
  };
  const { isReadyWhenOpen } = session;
  return {
    isReadyWhenOpen,
    open: () => attempt("open", [], () => messagesIn(session.open())),
    audio: (payload: Bytes) => attempt("audio", "", () => messageIn(session.audio(payload))),
    ...(session.keepalive && {
      keepalive: () => attempt("keepalive", "", () => messageIn(session.keepalive?.())),
    }),
    finish: () => attempt("finish", [], () => messagesIn(session.finish())),
    receive: (message) => attempt("receive", [], () => eventsIn(read(message))),
    // A failure changes nothing for a caller that breaks off.
    settle: (isEnd) => attempt("settle", [], () => eventsIn(settleOf(session, isEnd))),
    judge: (code, reason) =>
      attempt("judge", { kind: "temporary", detail: "" }, () => verdictIn(session.judge(code, reason))),
  };
}

function settleOf(session: DialectSession, isEnd: boolean): readonly DialectEvent[] {
  try {
    return session.settle?.(isEnd) ?? [];
  } catch (cause) {
    if (isEnd) throw cause;
    return [];
  }
}

function messagesIn(messages: readonly RemoteMessage[]): readonly RemoteMessage[] {
  return Array.from(messages, messageIn);
}

function messageIn(message: unknown): RemoteMessage {
  if (typeof message === "string" || message instanceof Uint8Array) return message as RemoteMessage;
  throw new TypeError(`A message is a string or a Uint8Array, and this one is ${String(message)}`);
}

const areFields = (value: unknown): value is Fields => isObject(value);

function verdictIn(verdict: Verdict | "finished"): Verdict | "finished" {
  if (verdict === "finished" || isVerdict(verdict)) return verdict;
  throw new TypeError(`A verdict has a kind and a detail, and this one is ${String(verdict)}`);
}

const isVerdict = (verdict: unknown): boolean =>
  areFields(verdict) && KINDS.includes(verdict.kind) && isText(verdict.detail);
const isTime = (time: unknown): boolean => typeof time === "number" && !Number.isNaN(time);
const isText = (text: unknown): boolean => typeof text === "string";

function isWord(word: unknown): boolean {
  return areFields(word) && isText(word.text) && isTime(word.from) && isTime(word.to);
}

function eventsIn(events: readonly DialectEvent[]): readonly DialectEvent[] {
  const wrong = Array.from<unknown>(events).findIndex((event) => !isEvent(event));
  if (wrong >= 0) throw new TypeError(`Event ${wrong} of those that it returned is none`);
  return events;
}

function isEvent(event: unknown): boolean {
  if (!areFields(event)) return false;
  switch (event.type) {
    case "ready":
    case "finished":
      return true;
    case "caption": {
      const { segment, text, from, to, words } = event;
      const areTimes = [from, to].every((time) => time === undefined || isTime(time));
      return isText(segment) && isText(text) && areTimes && (words === undefined || areWords(words));
    }
    case "void":
      return isText(event.segment);
    case "settled":
    case "listened":
      return isTime(event.to);
    case "refused":
      return isVerdict(event.verdict);
    default:
      return false;
  }
}

const areWords = (words: unknown): boolean => Array.isArray(words) && words.every(isWord);

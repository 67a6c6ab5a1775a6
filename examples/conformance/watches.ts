import { type Judged, type Watch, watch } from "./check.js";
import type { Heard, Witness } from "./client/witness.js";

/** A secret of 128 bits has so many characters at least, in base64. */
const SECRET_CHARACTERS = 22;
const ANSWERS = ["session.new", "session.ack"];
const CONTROL = /^(?:server|session|audio|system)\./;
const CAPTION = /^(?:asr|mt)\.(?:partial|final)$/;

/** Judges each thing that was heard for itself. */
function each(
  witnesses: readonly Witness[],
  judge: (heard: Heard, witness: Witness) => string | boolean | undefined,
): Judged {
  const verdicts = witnesses.flatMap((witness) => witness.heard.map((heard) => judge(heard, witness)));
  return {
    seen: verdicts.filter((verdict) => verdict !== undefined).length,
    wrong: verdicts.filter((verdict) => typeof verdict === "string"),
  };
}

const unreadable = (witnesses: readonly Witness[], isMeant: (text: string) => boolean): Judged => ({
  seen: witnesses.reduce((sum, { received }) => sum + received.length, 0),
  wrong: witnesses.flatMap((witness) => witness.unreadable.filter(isMeant)),
});

const isNoJson = (text: string): boolean => text.includes("must be JSON");
const isUnknown = (text: string): boolean => text.includes("reserved and unknown");

/** Which positions each segment of a session names, and what names others later. */
function judgeSegments(witnesses: readonly Witness[]): Judged {
  const segments = new Map<string, { from: number; to: number }>();
  return each(witnesses, ({ message }, { sessionId }) => {
    if (!CAPTION.test(message.t)) return undefined;
    const { segment_id, audio } = message.data as { segment_id: string; audio?: { from: number; to: number } };
    if (audio === undefined) return undefined;
    const key = `${sessionId} ${message.t.slice(0, 3)} ${segment_id}`;
    const known = segments.get(key);
    segments.set(key, audio);
    if (known === undefined || (audio.from < known.to && known.from < audio.to) || audio.from === known.from)
      return true;
    return `The segment ${segment_id} was of ${known.from} to ${known.to}, and later of ${audio.from} to ${audio.to}.`;
  });
}

/** The numbers on each connection, which go on from one to the next. */
function judgeNumbers(witnesses: readonly Witness[]): Judged {
  const wrong: string[] = [];
  let seen = 0;
  for (const witness of witnesses) {
    let last = witness.resumedFrom?.lastSeq ?? 0;
    for (const { t, seq, data } of witness.received) {
      if (t === "session.new") last = 0;
      const gap = t === "session.snapshot" ? (data as { gap?: { to_seq: number } }).gap : undefined;
      if (gap !== undefined) last = Math.max(last, gap.to_seq);
      if (t === "queue.drop") last = Math.max(last, Number((data as { to_seq?: unknown } | undefined)?.to_seq ?? last));
      if (seq === undefined || CONTROL.test(t)) continue;
      seen += 1;
      if (seq !== last + 1) wrong.push(`Number ${seq} (${t}) followed ${last}, and nothing said that others are gone.`);
      last = seq;
    }
  }
  return { seen, wrong };
}

/** Whether each resume brought, or gave up, every number that the client lacked. */
function judgeReplays(witnesses: readonly Witness[]): Judged {
  const wrong: string[] = [];
  let seen = 0;
  for (const witness of witnesses) {
    const { resumedFrom, received } = witness;
    const snapshot = witness.messages("session.snapshot")[0]?.data;
    const answered = received.findIndex(({ t }) => t === "session.ack");
    if (resumedFrom === undefined || answered < 0) continue;
    const numbers = received.slice(0, answered).map(({ seq }) => seq);
    const { gap, current_seq = 0 } = snapshot ?? {};
    for (let seq = resumedFrom.lastSeq + 1; seq <= current_seq; seq += 1) {
      seen += 1;
      const isGivenUp = gap !== undefined && gap.from_seq <= seq && seq <= gap.to_seq;
      if (!isGivenUp && !numbers.includes(seq))
        wrong.push(
          `It resumed from ${resumedFrom.lastSeq}, knew of ${current_seq}, and left ${seq} out without a gap.`,
        );
    }
  }
  return { seen, wrong };
}

/** Secrets, none of which may be given twice. */
function judgeSecrets(witnesses: readonly Witness[]): Judged {
  const secrets = witnesses.flatMap(({ welcome }) => welcome?.resume_window.token ?? []);
  const short = secrets
    .filter((secret) => secret.length < SECRET_CHARACTERS)
    .map(({ length }) => `One has ${length} characters.`);
  const isRepeated = new Set(secrets).size < secrets.length;
  return {
    seen: secrets.length,
    wrong: isRepeated ? [...short, "A secret was given twice."] : short,
    otherwise: "The server gives no resume secrets.",
  };
}

/** What holds for everything that a server says, whatever it is about. */
export const WATCHES: readonly Watch[] = [
  watch("1.5", "sends JSON in text messages, and no binary ones", ["6.2"], (witnesses) => {
    const { seen, wrong } = unreadable(witnesses, isNoJson);
    const binary = witnesses
      .filter(({ received }) => !received.some(({ t }) => t === "playback.start"))
      .reduce((sum, witness) => sum + witness.binary.length, 0);
    return { seen: seen + binary, wrong: binary === 0 ? wrong : [...wrong, `It sent ${binary} binary messages.`] };
  }),
  watch("2.3", "sends fields of the right kind", ["6.2"], (witnesses) =>
    unreadable(witnesses, (text) => !isNoJson(text) && !isUnknown(text)),
  ),
  watch("2.4", "sends no unknown message of a reserved name", ["6.2"], (witnesses) => unreadable(witnesses, isUnknown)),
  watch("5.1", "leaves out of a snapshot what does not fit", ["7.5"], (witnesses) =>
    each(witnesses, ({ message, bytes }, { welcome }) => {
      if (message.t !== "session.snapshot") return undefined;
      const limit = welcome?.limits.max_msg_bytes ?? bytes;
      return bytes <= limit || `A snapshot has ${bytes} bytes, and ${limit} are allowed.`;
    }),
  ),
  watch("5.2", "names no other audio with the same segment_id later", ["7.1"], judgeSegments),
  watch("6.10", "claims no audio that was not sent, and none before it has answered", ["6.2"], (witnesses) =>
    each(witnesses, ({ message, sentTo }, { received }) => {
      const { t, data } = message;
      if (t !== "audio.ack" && t !== "audio.resync" && t !== "session.end") return undefined;
      const isAnswered = received.slice(0, received.indexOf(message)).some((earlier) => ANSWERS.includes(earlier.t));
      if (!isAnswered) return `${t} came before the answer to the opening.`;
      const { position } = data as { position: number };
      return position <= sentTo || `${t} claims ${position} samples, and ${sentTo} were sent.`;
    }),
  ),
  watch("6.12", "names no position in session.ack that was never sent", ["11.2.2"], (witnesses) =>
    each(witnesses, ({ message }, { resumedFrom }) => {
      if (message.t !== "session.ack" || resumedFrom === undefined) return undefined;
      const { position = 0 } = (message.data as { audio?: { position: number } }).audio ?? {};
      return position <= resumedFrom.sentTo || `It expects ${position}, and ${resumedFrom.sentTo} was the end.`;
    }),
  ),
  watch("6.15", "sends no message of more than max_msg_bytes", ["6.2"], (witnesses) =>
    each(witnesses, ({ message, bytes }, { welcome }) => {
      const limit = welcome?.limits.max_msg_bytes ?? bytes;
      return bytes <= limit || `A ${message.t} has ${bytes} bytes, and ${limit} are allowed.`;
    }),
  ),
  watch("7.1", "numbers what it says without a hole, from 1 in each lineage", ["11.2.1"], judgeNumbers),
  watch("7.2", "gives control messages no numbers", ["9.2", "9.4"], (witnesses) =>
    each(witnesses, ({ message: { t, seq } }) => {
      if (!CONTROL.test(t)) return undefined;
      return seq === undefined || `A ${t} has the number ${seq}.`;
    }),
  ),
  watch("8.2", "brings a new resume secret with each welcome", ["8.6"], judgeSecrets),
  watch("10.6", "says when to come back only if it closes", ["8.15"], (witnesses) =>
    each(witnesses, ({ message }, { closedByServer, heard }) => {
      if (message.t !== "server.error") return undefined;
      const { code, retry_after_ms } = message.data as { code: string; retry_after_ms?: number };
      if (retry_after_ms === undefined || closedByServer) return true;
      const isFollowed = heard.at(-1)?.message !== message;
      return isFollowed ? `It said ${code} with retry_after_ms ${retry_after_ms}, and went on.` : undefined;
    }),
  ),
  watch("11.1.2", "sends no more than the welcome if it grants no audio", ["11.1.1"], (witnesses) => ({
    ...each(witnesses, ({ message }, { welcome }) => {
      if (welcome === undefined || welcome.audio !== undefined || !ANSWERS.includes(message.t)) return undefined;
      return `It granted no audio, and sent ${message.t}.`;
    }),
    otherwise: "The server granted audio to everybody.",
  })),
  watch("11.1.3", "sends server.welcome before session.new and session.ack", ["6.2"], (witnesses) =>
    each(witnesses, ({ message }, { received }) => {
      if (!ANSWERS.includes(message.t)) return undefined;
      const before = received.slice(0, received.indexOf(message));
      return before.some(({ t }) => t === "server.welcome") || `${message.t} came without a welcome before it.`;
    }),
  ),
  watch("11.4.4", "says of which audio its captions are", ["7.1"], (witnesses) =>
    each(witnesses, ({ message: { t, data } }) => {
      if (!CAPTION.test(t)) return undefined;
      const { audio } = data as { audio?: unknown };
      return audio !== undefined || `A ${t} does not say of which audio it is.`;
    }),
  ),
  watch("11.5.1", "answers with a gap if it cannot send everything again", ["7.5"], judgeReplays),
];

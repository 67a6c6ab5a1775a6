import type { ReconnectedEvent } from "loquilex";
import { exactTime, seconds } from "./format.js";

/** What a reconnection saved and what it could not, one sentence each. */
export function describeReconnection(event: ReconnectedEvent): string[] {
  const sentences = [
    event.resumed
      ? `Connected again after ${seconds(event.downtimeMs)}. ${event.replayedFrames} frames follow.`
      : `Connected again after ${seconds(event.downtimeMs)}, to a server that had lost the session: it starts anew.`,
  ];
  const { missingAudio, missingMessages } = event;
  if (missingAudio !== undefined) {
    sentences.push(
      `The server no longer has the audio from ${exactTime(missingAudio.from)} to ${exactTime(missingAudio.to)}.`,
    );
  }
  const lostMessages = missingMessages.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0);
  if (lostMessages > 0) sentences.push(`${lostMessages} messages of the server were lost for good.`);
  return sentences;
}

/** What the server could not do with audio or captions, from a `queue.drop` message. */
export function describeQueueDrop(data: unknown): string {
  const { queue, ms } = fields(data);
  const howMuch = typeof ms === "number" ? `${Math.round(ms).toLocaleString("en")} ms of audio` : "some audio";
  if (queue === "engine")
    return `The recogniser fell behind: ${howMuch} has no captions, and is recorded all the same.`;
  if (queue === "recording") return `The server could not record ${howMuch}.`;
  return "The server left out captions that it could not send in time.";
}

/** What recognises the speech, from a `status` message; `undefined` for a message that tells something else. */
export function describeEngine(data: unknown): string | undefined {
  const { engine, words, detail } = fields(data);
  if (typeof engine !== "string" || typeof words !== "boolean") return undefined;
  const more = typeof detail === "string" ? detail : "";
  if (words) return `Recognised by ${engine}. ${more}`.trim();
  return more === "" ? `The ${engine} engine marks when somebody speaks; it does not write words.` : more;
}

const fields = (data: unknown): Readonly<Record<string, unknown>> =>
  typeof data === "object" && data !== null ? (data as Readonly<Record<string, unknown>>) : {};

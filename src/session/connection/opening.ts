import { AUDIO_EXTENSION, encodeClientMessage } from "../../protocol/messages.js";
import type { AudioSender } from "../audio/audio-sender.js";
import type { ConnectionId } from "../session-io.js";
import type { SessionOptions } from "../session-options.js";

/** Numbered messages the server may send ahead of our acknowledgement. */
export const MAX_IN_FLIGHT = 64;

export interface ResumePoint {
  readonly lastSeq: number;
  readonly epoch: number | undefined;
  readonly resumeToken: string | undefined;
}

/** The first message of a connection: a hello, or a resume once the server has answered one. */
export function openingMessage(
  options: SessionOptions,
  connection: ConnectionId,
  token: string | undefined,
  { first, next }: Pick<AudioSender["buffer"], "first" | "next">,
  resume: ResumePoint | undefined,
): string {
  const { encoding, sampleRate, channels } = options.format;
  const opening = {
    agent: options.agent,
    accept: [AUDIO_EXTENSION, ...(options.extension === undefined ? [] : [options.extension.name])],
    ack_mode: "cumulative" as const,
    max_in_flight: MAX_IN_FLIGHT,
    session_id: options.sessionId,
    client_id: options.clientId,
    attempt: connection,
    token,
    audio: { encoding, sample_rate: sampleRate, channels, first, next },
  };
  const sid = options.sessionId;
  if (resume === undefined) {
    const hello = options.takeover ? { ...opening, takeover: true } : opening;
    return encodeClientMessage("client.hello", hello, { sid });
  }
  const { lastSeq, epoch, resumeToken } = resume;
  const data = { ...opening, last_seq: lastSeq, epoch, resume_token: resumeToken };
  return encodeClientMessage("session.resume", data, { sid });
}

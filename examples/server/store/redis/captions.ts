import type { StoredMessage } from "../../protocol/claim.js";

/** A message for the client before it has its number. */
export type Unnumbered = Omit<StoredMessage, "seq">;

const isCaption = ({ t }: Unnumbered): boolean => t === "asr.partial" || t === "asr.final";

/** Which segment a caption is of; `undefined` for other messages. */
export const segmentOf = (message: Unnumbered): string | undefined =>
  isCaption(message) ? (message.data as { readonly segment_id: string }).segment_id : undefined;

/** Where the audio ends that has its final caption; 0 for other messages. */
export const endOfFinal = ({ t, data }: Unnumbered): number =>
  t === "asr.final" ? ((data as { readonly audio?: { readonly to: number } }).audio?.to ?? 0) : 0;

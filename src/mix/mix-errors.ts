import type { InterruptReason } from "../capture/source.js";
import { AudioStreamError } from "../errors.js";
import { sentenceOf } from "../internal/text-of.js";

/** Names one of the two sources. */
export type SideName = "left" | "right";

export function needsTwoChannels(channelCount: number): AudioStreamError<"unsupported"> {
  return new AudioStreamError(
    "unsupported",
    `mix() makes two channels, and the stream has ${channelCount}. Set the stream's channelCount to 2.`,
    { details: { feature: "channelCount" } },
  );
}

export function sideInterrupted(side: SideName, reason: InterruptReason): AudioStreamError<"capture-interrupted"> {
  return new AudioStreamError(
    "capture-interrupted",
    `The ${side} source of mix() delivers nothing for now (${reason}). Its channel is silent until it does; the other one goes on.`,
    { details: { reason } },
  );
}

/** @param cause what the source said, which may be anything. */
export function sideEnded(side: SideName, cause: unknown): AudioStreamError<"capture-failed"> {
  return new AudioStreamError(
    "capture-failed",
    `The ${side} source of mix() has ended, and its channel stays silent: ${sentenceOf(cause)} The other one goes on.`,
    { details: undefined, cause },
  );
}

export function sideFailed(side: SideName, cause: Error): AudioStreamError<"capture-failed"> {
  return new AudioStreamError("capture-failed", `The ${side} source of mix() cannot be used: ${cause.message}`, {
    details: undefined,
    cause,
  });
}

export function notLive(side: SideName): AudioStreamError<"capture-failed"> {
  return new AudioStreamError(
    "capture-failed",
    `The ${side} source of mix() does not deliver at the pace of a clock. Give a live source; for samples(), set realTime to true.`,
    { details: undefined },
  );
}

export function noDevices(): AudioStreamError<"unsupported"> {
  return new AudioStreamError(
    "unsupported",
    "Neither source of mix() has devices to choose from. Make a new stream with other sources.",
    { details: { feature: "setDevice" } },
  );
}

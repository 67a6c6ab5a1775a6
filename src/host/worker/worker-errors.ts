import { AudioStreamError } from "../../errors.js";
import type { SessionCheckpoint } from "../../session/session-io.js";
import type { RunningOptions } from "../running-messages.js";
import type { SourceAccount } from "../source-account.js";

const workerFailed = (message: string): AudioStreamError<"worker-failed"> =>
  new AudioStreamError("worker-failed", message, { details: undefined });

export const workerFellBack = (reasons: readonly string[]): AudioStreamError<"worker-failed"> =>
  workerFailed(
    `The worker could not be started from workerUrl: ${reasons.join(" ")} The code inside the package runs in its place. Check the address, and that loquilex.worker.js of the same version is there.`,
  );

export const workerDied = (reason: string): AudioStreamError<"worker-failed"> =>
  workerFailed(
    `The worker that carried the stream ended by itself: ${reason} Another one goes on; audio that only the first one held is lost, and is announced as such.`,
  );

export const noWorker = (reasons: readonly string[], isDemanded: boolean): AudioStreamError<"worker-failed"> => {
  const next = isDemanded
    ? 'Set host to "auto" to do without one.'
    : "The stream runs on the page, where a busy page delays it.";
  return workerFailed(
    `No worker could be started: ${reasons.join(" ")} Check workerUrl and the page's Content-Security-Policy (worker-src). ${next}`,
  );
};

/** The worker has not said in its time how the stream ended. */
export function endOverdue(
  timeoutMs: number,
  { stats }: SessionCheckpoint,
  { captured }: SourceAccount,
  { frameDurationMs, format }: Pick<RunningOptions, "frameDurationMs" | "format">,
): AudioStreamError<"close-timeout"> {
  const samples = Math.max(stats.capturedPosition, captured.position) - stats.settledPosition;
  const unacknowledgedFrames = Math.ceil(samples / ((frameDurationMs / 1_000) * format.sampleRate));
  const message = `The end could not be said within ${Math.round(timeoutMs)} ms, because the worker that carried the stream did not answer; ${unacknowledgedFrames} frames were not acknowledged. What is lost is announced by drop events.`;
  return new AudioStreamError("close-timeout", message, { details: { unacknowledgedFrames } });
}

import type { SessionStats } from "../../src/session/session-io.js";
import { Foul } from "./referee.js";

/** What counts something that has happened, and so never becomes less. */
const GROWING = [
  "framesCaptured",
  "samplesCaptured",
  "capturedPosition",
  "sentPosition",
  "acknowledgedPosition",
  "framesSent",
  "framesRetransmitted",
  "samplesDropped",
  "bytesSent",
  "bytesReceived",
  "reconnectCount",
  "captureGapCount",
] as const satisfies readonly (keyof SessionStats)[];

/** Holds the figures that a page sees against those that it saw before. */
export function checkGrowth(earlier: SessionStats, later: SessionStats): void {
  for (const name of GROWING) {
    if (later[name] < earlier[name]) throw new Foul(`${name} goes back from ${earlier[name]} to ${later[name]}.`);
  }
}

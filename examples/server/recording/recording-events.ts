import type { ServerData } from "loquilex/protocol";
import type { EngineStatus } from "../engines/engine.js";

/** Samples that were lost on the server's side. */
export interface QueueDrop {
  /** Who did not get them: the recogniser, or the recording as well. */
  readonly queue: "engine" | "recording";
  /** Position of the first lost sample, and of the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

/** What a recording has to tell its client. */
export interface RecordingEvents {
  readonly status: EngineStatus;
  readonly "asr.partial": ServerData["asr.partial"];
  readonly "asr.final": ServerData["asr.final"];
  readonly "asr.void": ServerData["asr.void"];
  readonly "queue.drop": QueueDrop;
  readonly "disk.space": { readonly low: boolean; readonly detail: string };
}

import { Tally } from "./door/tally.js";
import type { ProtocolOutput } from "./protocol/protocol-io.js";
import type { RecordingEvents } from "./recording/recording-events.js";

/** What has happened in all sessions since the server began, for whoever watches it. */
export class ServerFigures {
  /** Messages to clients, by type. Numbered ones are not in it. */
  readonly sent = new Tally();
  /** Sessions that are over, by reason. */
  readonly finished = new Tally();
  /** Milliseconds of audio that was lost in the server, by the queue that was full. */
  readonly droppedMs = new Tally();

  note(output: ProtocolOutput): void {
    if (output.type === "send" && output.t !== undefined) this.sent.count(output.t);
    else if (output.type === "finished") this.finished.count(output.reason);
  }

  /** @param t the name of an event of a recording. */
  noteEvent<T extends keyof RecordingEvents>(t: T, data: RecordingEvents[T]): void {
    if (t !== "queue.drop") return;
    const { queue, ms } = data as RecordingEvents["queue.drop"];
    this.droppedMs.count(queue, ms);
  }
}

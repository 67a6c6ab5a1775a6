import type { AudioStreamError } from "../errors.js";
import type { Scope } from "../internal/scope.js";
import type { OpenJournal } from "./imported-journal.js";
import type { ImportedPlayback } from "./imported-playback.js";
import type { ImportedRecording } from "./imported-recording.js";
import type { RunningCommand, RunningOptions } from "./running-messages.js";
import { sourceFormat } from "./source-format.js";

/** What speaks with a running side through a port of its own. */
export interface AttachedParts {
  readonly playback?: ImportedPlayback | undefined;
  readonly recording?: ImportedRecording | undefined;
  /** Keeps what is not delivered, if the stream has one. */
  readonly journal?: OpenJournal | undefined;
}

interface Attaching extends AttachedParts {
  readonly options: RunningOptions;
  readonly scope: Scope;
  onNews(news: { readonly type: "warning"; readonly error: AudioStreamError }): void;
}

/** Gives a running side its ends of the ports. To be called again for one that takes the place of another. */
export function attachPorts(
  { journal, playback, recording, options, scope, onNews }: Attaching,
  post: (command: RunningCommand, transfer: readonly Transferable[]) => void,
): void {
  const send = (type: "journal" | "playback" | "recording", port: MessagePort | undefined): void => {
    if (port !== undefined) post({ type, port }, [port]);
  };
  send("journal", journal?.connect());
  send("playback", playback?.attach(scope));
  const onWarning = (error: AudioStreamError): void => onNews({ type: "warning", error });
  send("recording", recording?.record({ scope, format: sourceFormat(options.format), onWarning }));
}

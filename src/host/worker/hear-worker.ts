import type { Scope } from "../../internal/scope.js";
import { sentenceOf } from "../../internal/text-of.js";
import { strangenessOf } from "./worker-greeting.js";
import type { WorkerMessage } from "./worker-messages.js";

export interface WorkerListener {
  /** Whether the stream speaks another protocol than that of LoquiLex. */
  readonly needsDialects: boolean;
  onMessage(message: WorkerMessage): void;
  /** It is not the worker that is needed, says what cannot be understood, or has failed. @param reason as a sentence. */
  onFault(reason: string): void;
}

/** Hears a program that may be any until the scope ends. Its first message has to be the greeting of this version. */
export function hearWorker(scope: Scope, thread: Worker, { needsDialects, onMessage, onFault }: WorkerListener): void {
  let isGreeted = false;
  scope.listen(thread, "message", ({ data }: MessageEvent<WorkerMessage>) => {
    const strangeness = isGreeted ? undefined : strangenessOf(data, needsDialects);
    if (strangeness !== undefined) return onFault(strangeness);
    isGreeted = true;
    try {
      onMessage(data);
    } catch (cause) {
      onFault(`It says what cannot be understood: ${sentenceOf(cause)}`);
    }
  });
  scope.listen(thread, "error", ({ message }: ErrorEvent) => {
    onFault(sentenceOf(message || "The browser does not say why"));
  });
}

import { PersistentJournal, ReconnectOptions, ServerEvent } from "./shared-options.js";
import { AudioRange } from "./shared-recording.js";
import { AudioStreamError } from "./shared-errors.js";
import { ConnectContext, Transport, UrlProvider } from "./shared-transport.js";

interface PersistentJournalOptions {
  readonly maxBytes?: number | undefined;
  readonly maxAgeMs?: number | undefined;
  readonly workerUrl?: string | URL | undefined;
}
declare function persistentJournal(options?: PersistentJournalOptions): PersistentJournal;
interface RecoverOptions {
  readonly signal?: AbortSignal | undefined;
  readonly getToken?: ((context: ConnectContext) => string | Promise<string>) | undefined;
  readonly reconnect?: ReconnectOptions | false | undefined;
  readonly timeoutMs?: number | undefined;
  readonly onMessage?: ((message: ServerEvent) => void) | undefined;
}
interface RecoveredAudio {
  readonly sessionId: string;
  readonly resumed: boolean;
  readonly durationMs: number;
  readonly lost: readonly AudioRange[];
  readonly knownTo: number;
  readonly sampleRate: number;
}
interface RecoverStreamsOptions {
  readonly signal?: AbortSignal | undefined;
  readonly workerUrl?: string | URL | undefined;
}
interface LeftStream {
  readonly sessionId: string | undefined;
  readonly startedAt: number;
  readonly leftAt: number;
  readonly durationMs: number;
  readonly error: AudioStreamError<"journal-unavailable"> | undefined;
  recover(server: UrlProvider | Transport, options?: RecoverOptions): Promise<RecoveredAudio>;
  discard(options?: Pick<RecoverStreamsOptions, "signal">): Promise<void>;
}
declare function recoverStreams(options?: RecoverStreamsOptions): Promise<LeftStream[]>;
declare function wasDiscarded(): boolean;
export { type AudioRange, type LeftStream, type PersistentJournal, type PersistentJournalOptions, type RecoverOptions, type RecoverStreamsOptions, type RecoveredAudio, persistentJournal, recoverStreams, wasDiscarded };
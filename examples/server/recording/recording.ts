import type { WireAudioFrame } from "loquilex/protocol";
import { type BoundedQueueMetrics, type Clock, type Registration, type Scope, withSignal } from "loquilex/resources";
import type { Engine, EngineStatus, Segment } from "../engines/engine.js";
import { EngineFeed } from "../engines/engine-feed.js";
import type { StreamFormat } from "../engines/hearing/engine-ear.js";
import type { Log } from "../logging/log.js";
import { frameTail } from "../protocol/frame-tail.js";
import { afterRunningTime } from "../running-time.js";
import { TranscriptFiles } from "../transcripts/transcript-files.js";
import { CaptionRelay } from "./caption-relay.js";
import type { RecordingDisk } from "./disk/recording-disk.js";
import { WritePatience } from "./disk/write-patience.js";
import { WavFile } from "./files/wav-file.js";
import { bytesPerFrame } from "./files/wav-header.js";
import { Recorder } from "./recorder.js";
import type { QueueDrop, RecordingEvents } from "./recording-events.js";
import { reserveRecordingName } from "./recording-name.js";
import type { SessionRecording } from "./session-recording.js";

/** How long an engine may take for its last words, in milliseconds: less than the five seconds that a client waits. */
const ENGINE_END_MS = 4_000;
/** Audio that may wait for a slow engine. */
const MAX_ENGINE_QUEUE_SEC = 10;

export interface RecordingOptions {
  readonly sessionId: string;
  /** Begins the id of every segment, so that no two lineages of a session have one in common. @defaultValue none */
  readonly lineage?: string | undefined;
  /** Of the frames, and of the recording: they are kept as they come. */
  readonly format: StreamFormat;
  /** Position of the first sample of the recording. */
  readonly startPosition: number;
  /** Position of the first sample that the engine gets. @defaultValue {@link startPosition} */
  readonly engineStart?: number | undefined;
  /** What was taken in elsewhere, and belongs into the recording or to the engine as far as they begin before it. */
  readonly restored?: readonly WireAudioFrame[] | undefined;
  /** An existing folder. */
  readonly outDir: string;
  /** What all recordings share. */
  readonly disk: RecordingDisk;
  readonly engine: Engine;
  readonly logger: Log;
  readonly clock: Clock;
  /** The session's own; ended with it. Ending it is {@link Recording.dispose}. */
  readonly scope: Scope;
  /** What the recording's name says of its start. @defaultValue the present */
  readonly startedAt?: Date | undefined;
  /** Everything before this position is in the file. */
  onKept(position: number): void;
  /**
   * A final is told once it is durable. While the transcript cannot be written a status says
   * so first, and finals are told all the same.
   */
  onEvent<T extends keyof RecordingEvents>(t: T, data: RecordingEvents[T]): void;
  /** Nothing more can be kept; what was is safe. Called at most once. */
  onFailed(error: Error): void;
}

/**
 * Turns one stream of audio into a WAV file, a transcript and captions. Keeping the audio comes first: it waits neither
 * for the engine nor for the transcript, and goes on when either fails.
 */
export class Recording implements SessionRecording {
  readonly #options: RecordingOptions;
  readonly #patience: WritePatience;
  readonly #recorder: Recorder;
  readonly #feed: EngineFeed;
  readonly #captions: CaptionRelay<Segment>;
  /** Resolves, and never rejects, when it is known whether there are files. */
  readonly #opened: Promise<void>;
  readonly #registration: Registration;
  #transcript: TranscriptFiles | undefined;
  #failed = false;
  #ending: Promise<void> | undefined;
  #disposal: Promise<void> | undefined;

  constructor(options: RecordingOptions) {
    const { format, startPosition, engineStart = startPosition, restored = [], clock, scope } = options;
    this.#options = options;
    this.#patience = new WritePatience({
      ...{ trouble: options.disk.trouble, logger: options.logger, scope },
      onChange: (low, detail) => options.onEvent("disk.space", { low, detail }),
    });
    const file = this.#openFiles();
    this.#opened = file.then(
      () => {},
      () => {},
    );
    this.#recorder = new Recorder({
      format,
      startPosition,
      clock,
      writeTurn: options.disk.writeTurn,
      file,
      onKept: (position) => {
        this.#patience.worked();
        options.onKept(position);
      },
      onDrop: (from, to) => this.#reportDrop("recording", from, to),
      onShortenedGap: (gap, recorded) => this.#reportShortenedGap(gap, recorded),
      onFailed: (error) => this.#fail(error),
    });
    this.#captions = new CaptionRelay((segment) => this.#reportCaption(segment));
    this.#feed = new EngineFeed({
      engine: options.engine,
      format,
      startPosition: engineStart,
      maxQueuedSamples: MAX_ENGINE_QUEUE_SEC * format.sampleRate + samplesOf(restored),
      clock,
      scope,
      onStatus: (status) => this.#reportStatus(status),
      onSegment: (segment) => this.#takeSegment(segment),
      onDrop: (from, to) => this.#reportDrop("engine", from, to),
    });
    this.#registration = scope.defer("recording and engine", () => this.dispose());
    for (const frame of restored) {
      const unrecorded = frameTail(frame, startPosition, bytesPerFrame(format));
      if (unrecorded !== undefined) this.#recorder.push(unrecorded);
      this.#feed.push(frame);
    }
  }

  /** Figures of the queues of audio for the recogniser and for the disk, in frames and samples. */
  readMetrics(): Readonly<Record<"engine" | "recording", BoundedQueueMetrics>> {
    return { engine: this.#feed.readMetrics(), recording: this.#recorder.readMetrics() };
  }

  /** Samples that wait for the recogniser and for the disk. */
  get queuedSamples(): Readonly<Record<"engine" | "recording", number>> {
    return { engine: this.#feed.queuedSamples, recording: this.#recorder.queuedSamples };
  }

  /** Copies the next frame. One that begins beyond the end of the last declares a gap. */
  append(frame: WireAudioFrame): void {
    this.#recorder.push(frame);
    this.#feed.push(frame);
  }

  /**
   * No more audio: resolves when all of it is in the finished WAV file, the last captions were reported and the
   * transcript is durable. @throws what was given to `onFailed`, when not everything could be kept.
   */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Lets go of the engine now, and finishes the files with what came so far. Never rejects. Idempotent. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#release();
    return this.#disposal;
  }

  async #openFiles(): Promise<WavFile> {
    const { outDir, disk, sessionId, startedAt, scope, format, startPosition, restored } = this.#options;
    const continuedAt = restored === undefined ? undefined : startPosition;
    const stem = await reserveRecordingName(outDir, sessionId, startedAt ?? new Date(), continuedAt);
    this.#transcript = new TranscriptFiles({
      stem,
      head: {
        ...{ session_id: sessionId, encoding: format.encoding, sample_rate: format.sampleRate },
        ...{ channels: format.channels, start_position: startPosition },
      },
      scope,
      journal: disk.journal,
      onError: (error) => this.#reportTranscriptFailure(error),
    });
    this.#feed.start();
    return new WavFile({
      ...{ stem, format, writer: disk.writer },
      mayTryAgain: (error) => this.#patience.outlasts(error),
    });
  }

  async #end(): Promise<void> {
    this.#patience.hurry();
    // The recording is finished while the engine still works, so that a crash meanwhile costs no audio.
    const recorded = this.#recorder.end();
    recorded.catch(() => {});
    if (!(await this.#endEngine())) {
      const detail = `The engine did not end within ${ENGINE_END_MS / 1_000} s; its last words are missing.`;
      this.#reportStatus({ engine: this.#options.engine.name, words: false, detail });
    }
    let failure: unknown;
    await recorded.catch((error: unknown) => {
      failure = error;
    });
    await this.saveTranscript().catch((error: Error) => {
      failure ??= error;
      this.#fail(error);
    });
    await this.#captions.settle();
    await this.dispose();
    if (failure !== undefined) throw failure;
  }

  /** @returns whether the engine said its last word in time. */
  async #endEngine(): Promise<boolean> {
    const { scope } = this.#options;
    const deadline = new AbortController();
    const timer = afterRunningTime(scope, ENGINE_END_MS, () => deadline.abort(), "engine's last words");
    const onDispose = scope.follow(scope.signal, (reason) => deadline.abort(reason));
    try {
      await withSignal(
        this.#opened.then(() => this.#feed.end()),
        deadline.signal,
      );
      return true;
    } catch {
      return scope.disposed;
    } finally {
      timer.dispose();
      onDispose.dispose();
    }
  }

  async #release(): Promise<void> {
    const { scope, logger } = this.#options;
    this.#patience.hurry();
    const steps = [this.#feed.dispose(), this.#recorder.end().then(() => this.saveTranscript())];
    for (const step of await Promise.allSettled(steps)) {
      if (step.status === "rejected") logger.warn({ err: step.reason }, "A session's files are not complete.");
    }
    this.#registration.release();
    // Not while the scope itself waits for this.
    if (!scope.disposed) await scope.dispose();
  }

  /** Resolves when what was said so far is in the files. @throws StorageError */
  async saveTranscript(): Promise<void> {
    await this.#transcript?.flush();
  }

  #takeSegment(segment: Segment): void {
    if (!segment.final) this.#captions.partial(segment);
    else if (segment.text === "") this.#captions.final(segment, Promise.resolve());
    else {
      const { segmentId, text, from, to } = segment;
      const caption = { segment_id: this.#idOf(segmentId), text, from, to };
      this.#captions.final(segment, this.#transcript?.append(caption) ?? Promise.resolve());
    }
  }

  #idOf(segmentId: string): string {
    const { lineage } = this.#options;
    return lineage === undefined ? segmentId : `${lineage}-${segmentId}`;
  }

  #reportCaption({ text, segmentId, final, from, to, words }: Segment): void {
    const segment_id = this.#idOf(segmentId);
    if (final && text === "") this.#options.onEvent("asr.void", { segment_ids: [segment_id] });
    else {
      const caption = { text, segment_id, final, audio: { from, to } };
      this.#options.onEvent(final ? "asr.final" : "asr.partial", words === undefined ? caption : { ...caption, words });
    }
  }

  #reportStatus(status: EngineStatus): void {
    if (status.detail !== "") this.#options.logger.info(status, "The engine's status changed.");
    this.#options.onEvent("status", status);
  }

  #reportDrop(queue: QueueDrop["queue"], from: number, to: number): void {
    const drop: QueueDrop = { queue, from, to, ms: ((to - from) * 1_000) / this.#options.format.sampleRate };
    this.#options.logger.warn(drop, "Audio was dropped.");
    this.#options.onEvent("queue.drop", drop);
  }

  #reportShortenedGap(gap: number, recorded: number): void {
    const seconds = (samples: number) => (samples / this.#options.format.sampleRate).toFixed(1);
    const fields = { gapSec: seconds(gap), recordedSec: seconds(recorded) };
    this.#options.logger.warn(fields, "A gap was recorded shorter than it was.");
  }

  #reportTranscriptFailure(error: Error): void {
    this.#options.logger.error({ err: error }, "The transcript is behind.");
    // The error names a path, which is for whoever runs the server.
    const detail = "The transcript cannot be written for now; captions go on.";
    this.#options.onEvent("status", { engine: this.#options.engine.name, words: false, detail });
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onFailed(error);
  }
}

const samplesOf = (frames: readonly WireAudioFrame[]): number =>
  frames.reduce((sum, { sampleCount }) => sum + sampleCount, 0);

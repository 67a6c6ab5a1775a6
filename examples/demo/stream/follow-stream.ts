import {
  type AudioStream,
  type CaptionEvent,
  createTranscript,
  type DeviceChangeEvent,
  type DropEvent,
  type LevelEvent,
  type ReconnectedEvent,
  type ReconnectingEvent,
  type ServerEvent,
  type StreamStats,
  showLevel,
  type Transcript,
  type WarningEvent,
} from "loquilex";
import type { Scope } from "loquilex/resources";
import { CaptionLines } from "../page/caption-lines.js";
import { clockTime, exactTime, SAMPLE_RATE, seconds } from "../page/format.js";
import { make, type PageElements, write } from "../page/page-elements.js";
import { showFailure, showSituation } from "../page/show-situation.js";
import { AT_REST, type Situation } from "../page/situation.js";
import type { Range } from "../plot/plot.js";
import { Progress } from "../plot/progress.js";
import { describeEngine } from "./describe-engine.js";
import { FirstWords } from "./first-words.js";
import { Outages } from "./outages.js";
import { QueueDrops } from "./queue-drops.js";

const POLL_MS = 100;
/** After this long without sound the device, or whatever the sound comes from, delivers nothing. */
const DELIVERS_WITHIN_MS = 1_500;
/** About −30 dBFS: a voice near the microphone. */
const SPEECH_LEVEL = 0.03;
const SPEAKS_FOR_MS = 2_000;
/** About −50 dBFS. */
const HEARD_LEVEL = 0.003;
const MAX_HISTORY = 100;

/** What the page needs of a stream. */
export type ShownStream = Pick<
  AudioStream,
  | "addEventListener"
  | "removeEventListener"
  | "state"
  | "connectionState"
  | "paused"
  | "muted"
  | "signal"
  | "closed"
  | "getStats"
  | "toPageTime"
>;

/** What somebody who looks at a stream knows beside it. */
export interface Circumstances {
  readonly source: Situation["source"];
  /** The last pause let go of the microphone. */
  released(): boolean;
  /** The stream has ended, and its last figures and captions are shown. */
  onEnd(end: { readonly lost: readonly Range[]; readonly transcript: Transcript }): void;
}

/**
 * Shows what happens to a stream until it is closed and its end is shown, or until the scope is disposed.
 * @returns what shows the situation anew after something that is no event, such as `muted`.
 */
export function followStream(
  stream: ShownStream,
  page: PageElements,
  { source, released, onEnd }: Circumstances,
  life: Scope,
): () => void {
  // Listeners of another type than the SDK's own are added through the class that they both are.
  const target = stream as unknown as EventTarget;
  const transcript = createTranscript(stream);
  const lines = new CaptionLines(page);
  const progress = new Progress(page);
  const firstWords = new FirstWords(page, stream);
  let stats: StreamStats | undefined;
  let grewAt = performance.now();
  let spokeMutedAt = Number.NEGATIVE_INFINITY;
  let unreached = false;
  let losing = false;
  let noticeCode: string | undefined;

  const addLine = (): ((text: string) => void) => {
    const row = make(page, "li");
    const text = make(page, "span");
    row.append(make(page, "time", clockTime(((stats?.capturedDurationMs ?? 0) * SAMPLE_RATE) / 1_000)), text);
    page.history.append(row);
    while (page.history.children.length > MAX_HISTORY) page.history.firstElementChild?.remove();
    return (sentence) => write(text, sentence);
  };
  const note = (sentence: string): void => addLine()(sentence);
  const outages = new Outages(addLine);
  const queueDrops = new QueueDrops(addLine);
  const notice = (sentence: string, code?: string): void => {
    noticeCode = code;
    write(page.notice, sentence);
  };

  const refresh = (): void => {
    if (life.disposed) return;
    const now = performance.now();
    showSituation(page, {
      ...AT_REST,
      ...{ state: stream.state, connection: stream.connectionState, paused: stream.paused, muted: stream.muted },
      ...{ released: released(), unreached, losing, source },
      speaksMuted: now - spokeMutedAt < SPEAKS_FOR_MS,
      delivers: now - grewAt < DELIVERS_WITHIN_MS,
      waitingMs: stats?.bufferedDurationMs ?? 0,
    });
  };
  const showFigures = (latest: StreamStats): void => {
    if (stats === undefined || latest.capturedDurationMs > stats.capturedDurationMs) grewAt = performance.now();
    if (latest.captureGapCount > (stats?.captureGapCount ?? 0)) note("The microphone left out a moment of sound.");
    stats = latest;
    const { figures } = page;
    write(figures.captured, seconds(latest.capturedDurationMs));
    write(figures.sent, seconds(latest.sentDurationMs));
    write(figures.acknowledged, seconds(latest.acknowledgedDurationMs));
    write(figures.buffered, seconds(latest.bufferedDurationMs));
    write(figures.rate, `${(progress.rate(latest.bytesSent, latest.timestamp) / 1_000).toFixed(1)} kB/s`);
    write(figures.reconnects, String(latest.reconnectCount));
    write(figures.lost, `${latest.droppedDurationMs.toLocaleString("en")} ms`);
    const isAway = stream.connectionState === "reconnecting";
    progress.show(latest, [...transcript.finals, ...transcript.partials], isAway);
  };
  const poll = async (): Promise<void> => {
    const latest = await stream.getStats();
    if (life.disposed || stream.state === "closed") return;
    showFigures(latest);
    refresh();
    life.timeout(POLL_MS, () => void poll());
  };

  const showCaptions = (): void => {
    if (!life.disposed) lines.show(transcript);
  };
  life.defer("captions", transcript.subscribe(showCaptions));
  life.defer("level", showLevel(stream, page.level));
  life.listen(target, "level", ({ peakLevel, mutedPeakLevel }: LevelEvent) => {
    if (mutedPeakLevel > SPEECH_LEVEL) spokeMutedAt = performance.now();
    if (noticeCode === "device-silent" && peakLevel > HEARD_LEVEL) notice("");
  });
  life.listen(target, "caption", (event: CaptionEvent) => firstWords.hear(event, performance.now()));
  life.listen(target, "connectionstatechange", refresh);
  life.listen(target, "statechange", () => {
    if (stream.state === "streaming") notice("");
    refresh();
  });
  life.listen(target, "message", ({ data }: MessageEvent<ServerEvent>) => {
    if (data.t === "queue.drop") queueDrops.add(data.data);
    const engine = data.t === "status" ? describeEngine(data.data) : undefined;
    if (engine !== undefined) write(page.engine, engine);
  });
  life.listen(target, "reconnecting", (event: ReconnectingEvent) => {
    outages.failed(event);
    unreached ||= stream.state === "starting";
    refresh();
  });
  life.listen(target, "reconnected", (event: ReconnectedEvent) => {
    for (const sentence of outages.isOver(event)) note(sentence);
    losing = false;
  });
  life.listen(target, "devicechange", ({ track }: DeviceChangeEvent) => {
    note(track.label === "" ? "Another microphone is in use." : `In use now: ${track.label}.`);
  });
  life.listen(target, "drop", ({ from, to, durationMs }: DropEvent) => {
    const sentence = `${durationMs.toLocaleString("en")} ms of audio was lost (${exactTime(from)} to ${exactTime(to)}).`;
    progress.addLoss(from, to);
    notice(sentence, "drop");
    note(sentence);
  });
  life.listen(target, "warning", ({ error }: WarningEvent) => {
    losing ||= error.code === "audio-dropping";
    notice(error.message, error.code);
    // An outage has its own line, and a loss has one when it is over.
    if (error.retryable || error.code === "audio-dropping") return;
    note(error.message);
  });
  stream.closed.then(async (info) => {
    const last = await stream.getStats();
    // The page may already show the next stream.
    if (life.disposed) return;
    showFigures(last);
    lines.show(transcript);
    refresh();
    if (noticeCode !== "drop") notice("");
    void life.dispose();
    if (info.outcome === "failed") showFailure(page, info.error);
    onEnd({ lost: progress.lost, transcript });
  });
  refresh();
  void poll();
  return refresh;
}

import type {
  AudioStream,
  DeviceChangeEvent,
  DropEvent,
  ReconnectedEvent,
  ReconnectingEvent,
  ServerEvent,
  WarningEvent,
} from "loquilex";
import type { Scope } from "loquilex/resources";
import { describeEngine, describeQueueDrop, describeReconnection } from "./describe.js";
import { SAMPLE_RATE, seconds } from "./format.js";
import {
  addFinal,
  addHistory,
  advise,
  type Page,
  showDrop,
  showEngine,
  showFailure,
  showFinalStats,
  showPartial,
  showState,
  showStats,
  takeBack,
  write,
} from "./view.js";
import { SILENCE_ADVICE, STATE_WORDS, UNREACHED_ADVICE } from "./words.js";

const POLL_MS = 50;
/** About −70 dBFS: below it a microphone delivers nothing but its own noise. */
const SILENCE_LEVEL = 0.000_3;
const SILENCE_ADVICE_AFTER_MS = 5_000;

/** What the page needs of a stream. */
export type ShownStream = EventTarget & Pick<AudioStream, "state" | "paused" | "closed" | "getStats" | "abort">;

/** Shows everything a stream tells until it is closed and its end is shown, or until the scope is disposed. */
export function followStream(stream: ShownStream, page: Page, life: Scope): void {
  let position = 0;
  let heardAtMs: number | undefined;
  let captureGaps = 0;

  /** The line about the outage of the moment, or the last one. */
  let outage: HTMLElement | undefined;

  const note = (what: string): HTMLElement => addHistory(page, position, what);
  const poll = async (): Promise<void> => {
    const stats = await stream.getStats();
    if (stream.state === "closed") return;
    position = (stats.capturedDurationMs * SAMPLE_RATE) / 1000;
    showStats(page, stats);
    if (stats.captureGapCount > captureGaps) note("The microphone left out a moment of sound.");
    captureGaps = stats.captureGapCount;
    if (stream.state !== "streaming" || stats.audioLevel > SILENCE_LEVEL) heardAtMs = stats.timestamp;
    heardAtMs ??= stats.timestamp;
    const silent = stats.timestamp - heardAtMs > SILENCE_ADVICE_AFTER_MS;
    if (stream.state === "streaming") advise(page, silent ? SILENCE_ADVICE : STATE_WORDS.streaming.advice);
    life.timeout(POLL_MS, () => void poll());
  };
  life.listen(stream, "statechange", () => showState(page, stream.state, stream.paused));
  life.listen(stream, "message", ({ data }: MessageEvent<ServerEvent>) => showMessage(page, data, note));
  life.listen(stream, "reconnecting", ({ attempt, delayMs, error }: ReconnectingEvent) => {
    const sentence = `${error.message} ${attempt === 1 ? "Next attempt" : `Attempt ${attempt}`} in ${seconds(delayMs)}.`;
    // One line for each outage, however many attempts it takes.
    if (outage === undefined || attempt === 1) outage = note(sentence);
    else write(outage, sentence);
    if (stream.state === "starting") advise(page, UNREACHED_ADVICE);
  });
  life.listen(stream, "reconnected", (event: ReconnectedEvent) => {
    for (const sentence of describeReconnection(event)) note(sentence);
  });
  life.listen(stream, "devicechange", ({ track }: DeviceChangeEvent) => {
    note(track.label === "" ? "Another microphone is in use." : `In use now: ${track.label}.`);
  });
  life.listen(stream, "drop", (event: DropEvent) => note(showDrop(page, event)));
  life.listen(stream, "warning", ({ error }: WarningEvent) => note(error.message));
  life.listen(window, "pagehide", ({ persisted }: PageTransitionEvent) => {
    if (!persisted) stream.abort();
  });
  stream.closed.then(async (info) => {
    const stats = await stream.getStats();
    // The page may already show the next stream.
    if (life.disposed) return;
    void life.dispose();
    showFinalStats(page, stats);
    if (info.outcome === "failed") showFailure(page, info.error);
  });
  void poll();
}

function showMessage(page: Page, message: ServerEvent, note: (what: string) => unknown): void {
  switch (message.t) {
    case "asr.partial":
      showPartial(page, message.data);
      return;
    case "asr.final":
      addFinal(page, message.data);
      return;
    case "asr.void":
      for (const segment of message.data.segment_ids) takeBack(page, segment);
      return;
    case "status": {
      const engine = describeEngine(message.data);
      if (engine !== undefined) showEngine(page, engine);
      return;
    }
    case "queue.drop":
      note(describeQueueDrop(message.data));
  }
}

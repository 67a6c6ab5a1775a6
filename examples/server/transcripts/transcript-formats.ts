/** A finished caption with its time. */
export interface TimedCaption {
  readonly segmentId: string;
  readonly text: string;
  /** Positions in samples since the stream began. */
  readonly from: number;
  readonly to: number;
  /** Hz. */
  readonly sampleRate: number;
  /** Which of the session's recordings it is of, counted from 1. */
  readonly recording: number;
}

export const TRANSCRIPT_FORMATS = ["txt", "jsonl", "vtt", "srt"] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

/** WebVTT allows no cue that ends when it begins. */
const SHORTEST_CUE_MS = 1;

/** One JSON object a line. */
export const toJsonLines = (captions: readonly TimedCaption[]): string =>
  captions
    .map(({ segmentId, text, from, to, sampleRate, recording }) => {
      const times = { start_sec: from / sampleRate, end_sec: to / sampleRate };
      return `${JSON.stringify({ segment_id: segmentId, text, from, to, sample_rate: sampleRate, ...times, recording })}\n`;
    })
    .join("");

/** https://www.w3.org/TR/webvtt1/ */
export const toWebVtt = (captions: readonly TimedCaption[]): string =>
  [
    "WEBVTT\n",
    ...cuesOf(captions).map(
      ({ start, end, text }) => `${clockTime(start, ".")} --> ${clockTime(end, ".")}\n${escapeCue(text)}\n`,
    ),
  ].join("\n");

export const toSubRip = (captions: readonly TimedCaption[]): string =>
  cuesOf(captions)
    .map(({ start, end, text }, index) => {
      // There is no way to escape the sign by which players find the times.
      const shown = text.replaceAll("-->", "→");
      return `${index + 1}\n${clockTime(start, ",")} --> ${clockTime(end, ",")}\n${shown}\n`;
    })
    .join("\n");

interface Cue {
  /** Milliseconds since the stream began. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** In the order of their starts, as WebVTT demands. A caption without text would end its cue too early. */
function cuesOf(captions: readonly TimedCaption[]): Cue[] {
  return captions
    .filter(({ text }) => text !== "")
    .map(({ text, from, to, sampleRate }) => {
      const [start, end] = [toMs(from, sampleRate), toMs(to, sampleRate)];
      return { start, end: Math.max(end, start + SHORTEST_CUE_MS), text };
    })
    .sort((a, b) => a.start - b.start);
}

const toMs = (position: number, sampleRate: number): number => Math.round((position / sampleRate) * 1_000);

function clockTime(ms: number, point: "." | ","): string {
  const digits = (value: number, count: number): string => String(Math.floor(value)).padStart(count, "0");
  const time = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1_000) % 60].map((value) => digits(value, 2));
  return `${time.join(":")}${point}${digits(ms % 1_000, 3)}`;
}

/** What an engine prints must not become markup, nor the arrow of another cue. */
const escapeCue = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

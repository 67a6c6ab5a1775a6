import type { Scope } from "loquilex/resources";
import { seconds } from "../page/format.js";
import { make, type PageElements, write } from "../page/page-elements.js";
import { drawRanges, type Range } from "../plot/plot.js";
import { DOWNLOADS, type SessionApi } from "./session-api.js";

/** The server finishes its files after the stream has ended. */
const ASK_AGAIN_MS = 500;
const MAX_ASKS = 20;

export interface Kept {
  readonly api: SessionApi;
  /** Names the downloads. */
  readonly sessionId: string;
  /** What never reached the server. */
  readonly lost: readonly Range[];
  /** What has a caption. */
  readonly heard: readonly Range[];
  /** How long the stream was, in seconds. */
  readonly lengthSec: number;
}

/** Shows what the server has of a stream that is over: recordings to play, with what is missing, and downloads. */
export function showKept(page: PageElements, kept: Kept, life: Scope): void {
  page.after.hidden = false;
  page.recordings.replaceChildren();
  page.downloads.replaceChildren();
  write(page.kept, "The server is finishing its files.");
  const { api } = kept;
  const ask = async (asks: number): Promise<void> => {
    const { live, recordings } = await api.describe();
    if (life.disposed) return;
    if (live && asks < MAX_ASKS) {
      life.timeout(ASK_AGAIN_MS, () => run(() => ask(asks + 1)));
      return;
    }
    write(page.kept, keptSentence(live, kept));
    if (!live)
      page.recordings.append(...Array.from({ length: recordings }, (_, index) => player(index + 1, recordings)));
    page.downloads.append(...DOWNLOADS.map(({ label, path }) => downloadButton(label, path)));
  };
  const run = (work: () => Promise<void>): void => {
    work().catch((error: unknown) => {
      if (!life.disposed) write(page.kept, error instanceof Error ? error.message : String(error));
    });
  };
  const blobAddress = (blob: Blob): string => {
    const address = URL.createObjectURL(blob);
    life.defer("blob", () => URL.revokeObjectURL(address));
    return address;
  };
  const button = (label: string, onPress: (button: HTMLButtonElement) => Promise<void>): HTMLButtonElement => {
    const element = make(page, "button", label);
    element.type = "button";
    life.listen(element, "click", () => run(() => onPress(element)));
    return element;
  };
  const save = (blob: Blob, name: string): void => {
    const link = make(page, "a");
    link.href = blobAddress(blob);
    link.download = name;
    link.click();
  };
  const downloadButton = (label: string, path: string): HTMLButtonElement =>
    button(label, async () =>
      save(await api.download(path), `${kept.sessionId.slice(0, 8)}.${path.split(".")[1] ?? ""}`),
    );
  const player = (recording: number, all: number): HTMLElement => {
    const item = make(page, "div");
    const name = all === 1 ? "the recording" : `recording ${recording} of ${all}`;
    const path = `audio.wav?recording=${recording}`;
    const play = button(`Play ${name}`, async () => {
      const audio = make(page, "audio");
      audio.controls = true;
      audio.src = blobAddress(await api.download(path));
      audio.setAttribute("aria-label", name);
      if (life.disposed) return;
      play.replaceWith(audio);
      audio.focus();
      await audio.play();
    });
    item.append(
      play,
      button("WAV", async () => save(await api.download(path), `${kept.sessionId.slice(0, 8)}-${recording}.wav`)),
    );
    return item;
  };
  const strip = page.after.querySelector<SVGElement>("svg");
  if (strip !== null) {
    const layers = [
      { kind: "acknowledged", row: 0, ranges: [[0, kept.lengthSec] as const] },
      { kind: "heard", row: 1, ranges: kept.heard },
      { kind: "lost", ranges: kept.lost },
    ];
    drawRanges(strip, layers, 2, [0, kept.lengthSec]);
  }
  run(() => ask(1));
}

function keptSentence(live: boolean, { lost, lengthSec }: Kept): string {
  if (live)
    return "The server keeps the session open for a while, in case that the page comes back; the sound is to be had then.";
  if (lost.length === 0) return `The server has all ${seconds(lengthSec * 1_000)} of it. Nothing is missing.`;
  const gaps = lost.map(([from, to]) => `${from.toFixed(1)} to ${to.toFixed(1)} s`).join(", ");
  return `The server has ${seconds(lengthSec * 1_000)}. Silence stands for what was lost: ${gaps}.`;
}

import { checkFunction, checkStream } from "../internal/arguments.js";
import { Scope } from "../internal/scope.js";
import type { AudioStream } from "../stream/audio-stream.js";
import type { Caption, CaptionEvent, ServerEvent } from "../stream/events/events.js";
import { CaptionList } from "./caption-list.js";

/** What a {@link Transcript} holds at one moment. It does not change. */
export interface TranscriptSnapshot {
  /** Captions that stand, in the order of the audio. */
  readonly finals: readonly Caption[];
  /** Captions that may still change, in the order of the audio: mostly one, for what is being said. */
  readonly partials: readonly Caption[];
  /** The last of {@link partials}; `undefined` if there is none. */
  readonly partial: Caption | undefined;
}

/** The captions of a stream that hold, each segment once. */
export interface Transcript extends TranscriptSnapshot {
  /** All captions as one text, in the order of the audio, with a space between them. */
  readonly text: string;
  /**
   * Calls back after each change, until the function that it returns is called. The functions of a transcript can be handed
   * on without it.
   */
  readonly subscribe: (listener: () => void) => () => void;
  /** Returns the same object until something changes, as `useSyncExternalStore` of React wants it. */
  readonly getSnapshot: () => TranscriptSnapshot;
}

/**
 * Collects the captions of a stream from now on: partial ones give way to final ones, final ones to those that replace them,
 * and what the server takes back is removed. It stays readable after the stream has ended.
 * @throws TypeError if this is no stream.
 */
export function createTranscript(
  stream: Pick<AudioStream<never>, "addEventListener" | "removeEventListener" | "signal">,
): Transcript {
  checkStream(stream);
  const subscribers = new Scope({ name: "transcript" });
  const captions = new CaptionList();
  const changes = new EventTarget();
  const take = (): TranscriptSnapshot => {
    const { finals, partials } = captions;
    return { finals, partials, partial: partials.at(-1) };
  };
  let snapshot = take();
  const onChange = (): void => {
    snapshot = take();
    changes.dispatchEvent(new Event("change"));
  };
  if (!stream.signal.aborted) collect(stream, captions, onChange, () => void subscribers.dispose());
  return {
    get finals() {
      return snapshot.finals;
    },
    get partials() {
      return snapshot.partials;
    },
    get partial() {
      return snapshot.partial;
    },
    get text() {
      return captions.all.map(({ text }) => text).join(" ");
    },
    subscribe: (listener) => {
      checkFunction("listener", listener);
      return subscribers.listen(changes, "change", () => listener()).dispose;
    },
    getSnapshot: () => snapshot,
  };
}

/** What this makes is referred to by the stream alone, so that a transcript does not keep a forgotten stream alive. */
function collect(
  stream: Pick<AudioStream<never>, "signal">,
  captions: CaptionList,
  onChange: () => void,
  onEnd: () => void,
): void {
  const scope = new Scope({ name: "transcript" });
  // Its own methods take only listeners that know its messages.
  const target = stream as unknown as EventTarget;
  scope.listen(
    target,
    "caption",
    ({ text, final, segmentId, from, to, words, replaces, speaker, language }: CaptionEvent) => {
      if (captions.add({ text, final, segmentId, from, to, words, replaces, speaker, language })) onChange();
    },
  );
  scope.listen(target, "message", ({ data }: MessageEvent<ServerEvent>) => {
    if (data.t === "asr.void" && captions.remove(data.data.segment_ids)) onChange();
  });
  scope.listen(target, "close", () => {
    void scope.dispose();
    onEnd();
  });
}

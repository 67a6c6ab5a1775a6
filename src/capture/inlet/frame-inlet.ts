import type { ProcessorFrame, ProcessorProgressed, Voice } from "../../worklet/port-messages.js";
import type { AudioFrame } from "../source.js";

/**
 * A frame that has its place in the capture. It is one object from here to the wire: what passes it on owns it, and marks it
 * in place.
 */
export interface PlacedFrame extends AudioFrame {
  payload: AudioFrame["payload"];
  position: number;
  peakLevel: number;
  rmsLevel: number;
  voice?: Voice | undefined;
  /** What {@link peakLevel} was before the frame was silenced. */
  mutedPeakLevel?: number;
  /** As on the wire, see `AudioFrameFlag`. */
  flags: number;
}

/** Names one processor of a capture. */
export type ProcessorId = number;

/** A processor on the audio thread, as far as its frames are concerned. */
export interface ProcessorLink {
  /** Has the processor post its frames to this port from now on, instead of to the page. */
  attach(port: MessagePort): void;
  /** The processor has obeyed a command, and all frames that it made before are taken. */
  onDone(command: number): void;
}

/**
 * Where processors deliver. The inlet gives each frame its position and its time by the page's clock, wherever the frames are
 * taken: on the page, or in a worker that the page need not be awake for.
 */
export interface FrameInlet {
  /** Takes what this function would be given. A source whose frames go to another function must not use the inlet. */
  onFrame(frame: PlacedFrame): void;
  begin(link: ProcessorLink): ProcessorId;
  /** Nothing more comes from the processor. */
  end(processor: ProcessorId): void;
  /** Takes a frame that came through the page. */
  take(processor: ProcessorId, frame: ProcessorFrame): void;
  /** Frames have gone straight to where they are taken. Absent if none can. */
  progressed?(processor: ProcessorId, progress: ProcessorProgressed): void;
  /** @param clockMs when the processor's audio context was at zero, on the `performance.now()` clock. */
  setClock(processor: ProcessorId, clockMs: number): void;
  /** Frames wait until {@link release}. */
  hold(processor: ProcessorId): void;
  /** It is known where frames belong that waited: where the ones before them ended, unless there was a {@link rebase}. */
  release(processor: ProcessorId): void;
  /** Time has passed that the processor did not count. The next frame belongs where the page's clock says. */
  rebase(processor: ProcessorId): void;
  /** As {@link CaptureTimeline.pause}. */
  pause(missingUntil: DOMHighResTimeStamp | undefined): void;
}

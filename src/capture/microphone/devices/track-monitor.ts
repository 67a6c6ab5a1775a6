import type { Scope } from "../../../internal/scope.js";

export interface TrackObserver {
  /** The device delivers nothing for now (`true`): a call, a lock screen, a hardware switch; or delivers again. */
  onMuted(muted: boolean): void;
  /** The device is gone, or its permission was withdrawn. */
  onEnded(): void;
}

/** How often it is looked whether a track has ended without an event, in milliseconds. */
const LOOK_MS = 1_000;

/**
 * Watches a track until the scope ends. One that is muted or has ended already is reported at once; one that the page
 * itself stopped, of which browsers fire no event, within a second.
 */
export function monitorTrack(scope: Scope, track: MediaStreamTrack, observer: TrackObserver): void {
  scope.listen(track, "mute", () => observer.onMuted(true));
  scope.listen(track, "unmute", () => observer.onMuted(false));
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    observer.onEnded();
  };
  scope.listen(track, "ended", end);
  const look = (): void => {
    if (track.readyState === "ended") end();
    else scope.timeout(LOOK_MS, look, "track watch");
  };
  look();
  if (track.readyState !== "ended" && track.muted) observer.onMuted(true);
}

import type { Scope } from "../internal/scope.js";

export interface TrackObserver {
  /** The device delivers nothing for now (`true`): a call, a lock screen, a hardware switch; or delivers again. */
  onMuted(muted: boolean): void;
  /** The device is gone, or its permission was withdrawn. */
  onEnded(): void;
}

/** Watches a track until the scope ends. One that is muted or has ended already is reported at once. */
export function monitorTrack(scope: Scope, track: MediaStreamTrack, observer: TrackObserver): void {
  scope.listen(track, "mute", () => observer.onMuted(true));
  scope.listen(track, "unmute", () => observer.onMuted(false));
  scope.listen(track, "ended", () => observer.onEnded());
  if (track.readyState === "ended") observer.onEnded();
  else if (track.muted) observer.onMuted(true);
}

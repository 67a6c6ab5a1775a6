import type { Scope } from "../../internal/scope.js";

/**
 * Plays the sound without letting it be heard, until the scope ends. In Chromium a track that came over WebRTC is silent
 * in Web Audio until a media element plays it; whether a given track did is not always known, and for others it is
 * harmless. Muted playing needs no gesture.
 */
export function playSilently(scope: Scope, stream: MediaStream): void {
  const element = document.createElement("audio");
  element.muted = true;
  // It is the track's sound that counts: an element that does not play must not stop the capture.
  try {
    element.srcObject = stream;
    scope.defer("silent player", () => {
      element.pause();
      element.srcObject = null;
    });
    element.play().catch(() => {});
  } catch {
    return;
  }
}

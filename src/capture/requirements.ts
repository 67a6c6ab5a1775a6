/** What capturing needs of the browser. Looked up at the time of the call: importing this does nothing. */
export type CaptureFeature = "secure-context" | "media-devices" | "audio-worklet";

/** The needed features that this browser, on this page, does not offer. */
export function missingCaptureFeatures(): CaptureFeature[] {
  const missing: CaptureFeature[] = [];
  if (globalThis.isSecureContext !== true) missing.push("secure-context");
  const devices: Partial<MediaDevices> | undefined = globalThis.navigator?.mediaDevices;
  if (typeof devices?.getUserMedia !== "function") missing.push("media-devices");
  if (typeof globalThis.AudioContext !== "function" || typeof globalThis.AudioWorkletNode !== "function") {
    missing.push("audio-worklet");
  }
  return missing;
}

import { permissionWithin } from "./capture/microphone/permission/permission.js";
import { type CaptureFeature, missingCaptureFeatures } from "./capture/requirements.js";
import { Scope } from "./internal/scope.js";

/** What {@link checkSupport} found. */
export interface SupportReport {
  /** Whether this browser, on this page, can stream: nothing is missing. */
  readonly supported: boolean;
  /** What this browser, on this page, does not offer; `secure-context` means that the page is not on https or localhost. */
  readonly missing: readonly (CaptureFeature | "web-socket")[];
}

/** Throws nothing and prompts for nothing: tells whether this browser can stream, and why not. */
export function checkSupport(): SupportReport {
  const missing: (CaptureFeature | "web-socket")[] = missingCaptureFeatures();
  if (typeof globalThis.WebSocket !== "function") missing.push("web-socket");
  return { supported: missing.length === 0, missing };
}

/**
 * Returns without prompting whether the microphone is allowed: `"unknown"` if the browser does not say, or not within a
 * second. Never rejects.
 */
export async function queryMicrophonePermission(): Promise<PermissionState | "unknown"> {
  const scope = new Scope({ name: "microphone permission" });
  try {
    return (await permissionWithin(scope))?.state ?? "unknown";
  } finally {
    void scope.dispose();
  }
}

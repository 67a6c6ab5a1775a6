import { readFileSync } from "node:fs";
import { AssemblyAIService } from "../../support/dialects/assemblyai-service.js";
import { DeepgramService } from "../../support/dialects/deepgram-service.js";
import { ElevenLabsService } from "../../support/dialects/elevenlabs-service.js";
import { FluxService } from "../../support/dialects/flux-service.js";
import { GladiaService } from "../../support/dialects/gladia-service.js";
import { OpenAIService } from "../../support/dialects/openai-service.js";
import { SonioxService } from "../../support/dialects/soniox-service.js";
import type { SpeechService } from "../../support/dialects/speech-service.js";
import { SpeechmaticsService } from "../../support/dialects/speechmatics-service.js";

/** A service that has a client on npm. */
export interface Vendor {
  /** The client's package. */
  readonly package: string;
  service(): SpeechService;
  readonly sampleRate: number;
  /** The client refuses addresses without TLS. */
  readonly isSecure: boolean;
  /** The client connects again by itself. */
  readonly reconnects: boolean;
}

const USUAL = { sampleRate: 16_000, isSecure: false, reconnects: false } as const;

/** By the names of the files in `clients`. */
export const VENDORS = {
  deepgram: { ...USUAL, package: "@deepgram/sdk", service: () => new DeepgramService(), reconnects: true },
  "deepgram-flux": { ...USUAL, package: "@deepgram/sdk", service: () => new FluxService(), reconnects: true },
  assemblyai: { ...USUAL, package: "assemblyai", service: () => new AssemblyAIService(), isSecure: true },
  speechmatics: {
    ...USUAL,
    package: "@speechmatics/real-time-client",
    service: () => new SpeechmaticsService({ takesEarlierEnd: true }),
  },
  gladia: { ...USUAL, package: "@gladiaio/sdk", service: () => new GladiaService(), reconnects: true },
  soniox: { ...USUAL, package: "@soniox/client", service: () => new SonioxService(), reconnects: true },
  openai: { ...USUAL, package: "openai", service: () => new OpenAIService(), sampleRate: 24_000, isSecure: true },
  elevenlabs: { ...USUAL, package: "@elevenlabs/client", service: () => new ElevenLabsService() },
} as const satisfies Readonly<Record<string, Vendor>>;

export type VendorName = keyof typeof VENDORS;

/** The exact versions of the clients, by package. */
export function vendorVersions(): Readonly<Record<string, string>> {
  const text = readFileSync(new URL("package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { dependencies: Record<string, string> }).dependencies;
}

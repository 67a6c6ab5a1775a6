/** How a compiler may look for the package's types. */
export const RESOLUTIONS = ["bundler", "nodenext"] as const;

const SOURCE = `
import { type AnyAudioStreamError, createMicrophoneStream, createTranscript, isAudioStreamError } from "loquilex";
import { type CaptionsElement, defineCaptionsElement } from "loquilex/element";
import { type SpeechEvent, voiceGate } from "loquilex/gate";
import { type Playback, playback } from "loquilex/playback";
import { oggOpus, type Recording, recording } from "loquilex/recording";
import { type AwakeState, keepAwake } from "loquilex/awake";
import { CloseCode, parseServerMessage } from "loquilex/protocol";
import { useMicrophones, useMicrophoneStream, useTranscript } from "loquilex/react";
import { Scope } from "loquilex/resources";

const stream = createMicrophoneStream("wss://example.org/", { frameDurationMs: 20, getToken: async () => "t" });
stream.addEventListener("reconnecting", ({ delayMs }) => { const ms: number = delayMs; void ms; });
stream.addEventListener("message", ({ data }) => { const t: string = data.t; void t; });
stream.addEventListener("caption", ({ final, words }) => { const both: [boolean, number] = [final, words.length]; void both; });
export const text: string = createTranscript(stream).text;
export async function main(caught: unknown): Promise<number | undefined> {
  const code: number = CloseCode.normal;
  const { t } = parseServerMessage("{}");
  const scope = new Scope({ name: t });
  await scope.dispose();
  if (isAudioStreamError(caught, "connect-timeout")) return caught.details.timeoutMs;
  const info = await stream.closed;
  const error: AnyAudioStreamError | undefined = info.outcome === "failed" ? info.error : undefined;
  return error === undefined ? code : undefined;
}
export function useDictation(): string {
  const { stream: current, error, start } = useMicrophoneStream("wss://example.org/", { frameDurationMs: 20 });
  const { finals } = useTranscript(current);
  const labels: string[] = useMicrophones().map(({ label }) => label);
  const begin: () => Promise<void> = start;
  void begin;
  return [error?.message, ...finals.map((caption) => caption.text), ...labels].join();
}
export const voice: Playback = playback({ cushionMs: 100 });
createMicrophoneStream("wss://example.org/", { playback: voice });
export const awakeStates: AwakeState[] = [];
export const sleep: () => void = keepAwake(createMicrophoneStream("wss://example.org/", { microphone: { echoCancellation: "remote-only" } }), {
  onChange: (state) => void awakeStates.push(state),
});
export const copy: Recording = recording({ maxBytes: 10_000_000, format: oggOpus({ fallback: "wav" }) });
createMicrophoneStream("wss://example.org/", { recording: copy });
createMicrophoneStream("wss://example.org/", { gate: voiceGate({ hangoverMs: 500 }) }).addEventListener(
  "speechstart",
  ({ position }: SpeechEvent) => position,
);
defineCaptionsElement("my-captions");
export const element = document.querySelector<CaptionsElement>("my-captions");
// @ts-expect-error an option that does not exist
createMicrophoneStream("wss://example.org/", { frameDuration: 20 });
// @ts-expect-error a code that does not exist
isAudioStreamError(0, "nope");
// @ts-expect-error a stream without an address
useMicrophoneStream();
`;

/** A strict project that uses every entry of the package, by path; what the package declares is checked, too. */
export function typedApplication(moduleResolution: (typeof RESOLUTIONS)[number]): Record<string, string> {
  const compilerOptions = {
    module: moduleResolution === "bundler" ? "esnext" : "nodenext",
    moduleResolution,
    target: "es2022",
    lib: ["es2022", "dom"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    types: [],
  };
  return { "app.ts": SOURCE, "tsconfig.json": JSON.stringify({ compilerOptions, files: ["app.ts"] }) };
}

interface AudioRange {
  readonly from: number;
  readonly to: number;
}
interface OggOpusOptions {
  readonly fallback?: "wav" | undefined;
}
interface OggOpus {
  readonly name: "ogg-opus";
}
declare function oggOpus(options?: OggOpusOptions): OggOpus;
interface RecordingOptions {
  readonly format?: "wav" | OggOpus | undefined;
  readonly maxBytes?: number | undefined;
}
interface Recording {
  readonly durationMs: number;
  readonly byteLength: number;
  readonly gaps: readonly AudioRange[];
  readonly sampleRate: number | undefined;
  toBlob(): Promise<Blob>;
}
declare function recording(options?: RecordingOptions): Recording;
export { AudioRange, OggOpus, OggOpusOptions, Recording, RecordingOptions, oggOpus, recording };
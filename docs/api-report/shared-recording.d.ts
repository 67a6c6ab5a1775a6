interface AudioRange {
  readonly from: number;
  readonly to: number;
}
interface RecordingOptions {
  readonly maxBytes?: number | undefined;
}
interface Recording {
  readonly durationMs: number;
  readonly byteLength: number;
  readonly gaps: readonly AudioRange[];
  readonly sampleRate: number | undefined;
  toWav(): Promise<Blob>;
}
declare function recording(options?: RecordingOptions): Recording;
export { AudioRange, Recording, RecordingOptions, recording };
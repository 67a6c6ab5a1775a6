/** What the device's sound is led to. Its calls wait for no person, and may overlap. */
export interface SoundSink {
  /** Captures from this track in place of the one before. If it rejects, the one before goes on. */
  connect(track: MediaStreamTrack): Promise<void>;
  disconnect(): void;
  /** In which the sound is captured now; another one later, if it has to be built anew. */
  readonly context: AudioContext;
  pause(): Promise<void>;
  resume(): Promise<void>;
}

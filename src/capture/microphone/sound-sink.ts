/** What the device's sound is led to. Its calls wait for no person, and may overlap. */
export interface SoundSink {
  /** Captures from this track in place of the one before. If it rejects, the one before goes on. */
  connect(track: MediaStreamTrack): Promise<void>;
  disconnect(): void;
  pause(): Promise<void>;
  resume(): Promise<void>;
}

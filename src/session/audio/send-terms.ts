/** On what terms a server takes audio on a connection. */
export interface SendTerms {
  /** Where the server wants audio to start. */
  readonly position: number;
  /** Times real time. */
  readonly pace: number;
  /** Samples that may be in flight. */
  readonly window: number;
  /** Bytes of the largest frame that the server takes. */
  readonly maxMessageBytes: number;
}

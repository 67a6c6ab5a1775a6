/** Something that sends 20 ms frames to a server, as the benchmark drives it. */
export interface Subject {
  readonly name: string;
  /** @param proxyPort where it connects to. */
  start(proxyPort: number): Promise<Running>;
  /** A server for it behind the proxy. */
  serve(publicPort: () => number): Promise<Backend>;
}

export interface Running {
  /** Resolves when so many frames were sent since the start. */
  sent(frames: number): Promise<void>;
  /** How much later than its own backoff asked it was streaming again, where it tells. */
  readonly overheadMs: number | undefined;
  end(): Promise<void>;
}

export interface Backend {
  readonly port: number;
  /** Waits until everything has arrived, or for as long as stragglers may take, and counts. */
  account(frames: number): Promise<{ readonly lostMs: number; readonly duplicatedMs: number }>;
  stop(): Promise<void>;
}

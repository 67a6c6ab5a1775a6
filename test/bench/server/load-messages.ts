/** What the load generator is asked for, one after the other; it answers each with {@link LoadFigures}. */
export type LoadRequest =
  /** Open so many streams more. */
  | OpenRequest
  /** Stream for so long. What is measured begins now. */
  | { readonly type: "stream"; readonly seconds: number }
  /** Stop streaming, and wait until everything is acknowledged, but not for ever. */
  | { readonly type: "stop" }
  | { readonly type: "close" };

export interface OpenRequest {
  readonly type: "open";
  readonly streams: number;
  readonly port: number;
  readonly path: string;
  /** Whether the receiver is a bare one, which neither greets nor acknowledges. */
  readonly bare: boolean;
}

export interface LoadFigures {
  /** Frames that were sent since the last request. */
  readonly frames: number;
  /** From the sending of a frame to the acknowledgement that covers it, in milliseconds; `null` without any. */
  readonly ackMs: { readonly p50: number; readonly p99: number } | null;
  /** Streams that are not acknowledged as a whole. */
  readonly unacknowledged: number;
  /** Why streams ended, each reason once. */
  readonly ends: readonly string[];
  /** How much of its time the generator worked, in percent of one core. */
  readonly cpuPercent: number;
  /** By how much the last frame came too late, in milliseconds. */
  readonly behindMs: number;
}

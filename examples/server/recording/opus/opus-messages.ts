import type { ThreadStart } from "../../engines/thread-batch.js";

/** What a thread that decodes is started with. */
export type OpusThreadStart = ThreadStart;

/** What a thread is to do for one stream. Requests of a stream come one after the other. */
export type OpusRequest =
  | {
      readonly type: "decode";
      readonly stream: number;
      readonly packet: Uint8Array;
      /** Nothing that came before is to be heard in it. */
      readonly restart: boolean;
      readonly sampleRate: number;
      readonly channels: number;
    }
  /** The stream is over. */
  | { readonly type: "close"; readonly stream: number };

/** What became of a packet. */
export interface OpusAnswer {
  readonly stream: number;
  /** Samples as signed 16-bit little-endian, channels interleaved; `undefined` if the packet cannot be decoded. */
  readonly samples: Uint8Array<ArrayBuffer> | undefined;
}

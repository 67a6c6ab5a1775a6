import type { AudioOffer } from "loquilex/protocol";
import type { Clock, Scope } from "loquilex/resources";
import type { Log } from "./logging/log.js";
import type { ProtocolInput, SessionKey } from "./protocol/protocol-io.js";
import { OpusFrameDecoder } from "./recording/opus/opus-frame-decoder.js";
import { OpusThreads } from "./recording/opus/opus-threads.js";

export interface SessionDecodersOptions {
  readonly clock: Clock;
  /** Owns the threads. */
  readonly scope: Scope;
  readonly logger: Log;
  dispatch(input: ProtocolInput): void;
}

/** The decoders of all sessions whose audio is not kept as it comes. */
export class SessionDecoders {
  readonly #options: SessionDecodersOptions;
  readonly #threads: OpusThreads;
  readonly #decoders = new Map<SessionKey, OpusFrameDecoder>();

  constructor(options: SessionDecodersOptions) {
    this.#options = options;
    this.#threads = new OpusThreads(options);
  }

  /** @returns `undefined` for audio that needs no decoder. */
  open(key: SessionKey, offer: AudioOffer): OpusFrameDecoder | undefined {
    if (offer.encoding !== "opus") return undefined;
    const { dispatch, logger } = this.#options;
    const decoder = new OpusFrameDecoder({
      ...{ offer, threads: this.#threads },
      onReady: () => dispatch({ type: "decoder-ready", key }),
      onFailed: (error) => {
        logger.error({ err: error }, "There is no Opus decoder.");
        dispatch({ type: "fail", key, reason: "The server cannot decode Opus now." });
      },
    });
    this.#decoders.set(key, decoder);
    return decoder;
  }

  /** The session is over. */
  close(key: SessionKey): void {
    this.#decoders.get(key)?.dispose();
    this.#decoders.delete(key);
  }
}

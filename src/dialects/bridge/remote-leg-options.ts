import type { AudioFormat } from "../../capture/source.js";
import type { Clock } from "../../internal/clock.js";
import type { Scope } from "../../internal/scope.js";
import type { DialectEvent, DialectSession, DialectTerms, Verdict } from "../dialect.js";
import type { RemoteLeg } from "./remote-leg.js";

/** Whom a leg calls. */
export interface RemoteLegObserver {
  onEvent(leg: RemoteLeg, event: DialectEvent): void;
  /** The session is over before it was finished. Called once. */
  onLost(verdict: Verdict): void;
}

export interface RemoteLegOptions {
  readonly number: number;
  readonly session: DialectSession;
  readonly terms: DialectTerms;
  readonly format: AudioFormat;
  /** Position of its first sample. */
  readonly begin: number;
  /**
   * Where sessions began that had nothing to say when they were asked for their last words, or left some open. The next one that begins
   * there and does the same is believed: what is left is sound without words.
   */
  readonly silences: Set<number>;
  readonly clock: Clock;
  readonly scope: Scope;
  readonly observer: RemoteLegObserver;
}

import type { AudioFormat } from "../capture/source.js";
import type { Bytes } from "../protocol/bytes.js";

/** What goes to a service, or comes from it, as one message of a WebSocket. */
export type RemoteMessage = string | Bytes;

/**
 * How a speech service is spoken to: where it is, what is said to it, and what its messages mean. Dialects have no sockets and
 * no timers; {@link dialectTransport} gives them both.
 */
export interface Dialect {
  /** The service, as errors name it. */
  readonly name: string;
  /** What the service asks of those who speak to it. */
  readonly terms: DialectTerms;
  /**
   * Returns why audio of this format cannot be sent and what to use instead, as a sentence; `undefined` if it can. Called when a
   * stream is made.
   */
  refuse(format: AudioFormat): string | undefined;
  /** Says where the next connection goes. Called for each connection, since tokens may be good for one only. */
  address(request: DialectRequest): RemoteAddress;
  /** What a session of the service is from its beginning to its end, which here is one connection. */
  session(request: DialectRequest): DialectSession;
}

/** What a connection is made for. */
export interface DialectRequest {
  /** What audio will come. */
  readonly format: AudioFormat;
  /** What the stream's option `getToken` returned; `undefined` without it. */
  readonly token: string | undefined;
}

/** Where a service is. */
export interface RemoteAddress {
  /** A `ws:` or `wss:` address, with whatever the service wants in it. */
  readonly url: string | URL;
  /** Subprotocols to offer. A browser gives up if the service answers an offer with none of them. @defaultValue none */
  readonly protocols?: readonly string[] | undefined;
}

/** What a service asks of those who speak to it. Durations are in milliseconds. */
export interface DialectTerms {
  /** How much audio a message holds. Less is sent at the end, or if no more comes for a moment. */
  readonly messageMs: {
    /** At least. */
    readonly min: number;
    /** At most. */
    readonly max: number;
  };
  /** Whether the service takes no shorter message at all: the last one is filled up with silence. @defaultValue false */
  readonly refusesShortMessages?: boolean | undefined;
  /** How many times faster than it was spoken audio may be sent. */
  readonly pace: number;
  /** How long nothing may be sent before {@link DialectSession.keepalive}. @defaultValue as long as one likes */
  readonly keepaliveMs?: number | undefined;
  /** A service that gets audio and says nothing for so long is taken for dead. @defaultValue it may be silent for ever */
  readonly silenceMs?: number | undefined;
  /** How long the service lets a session last. A new one is begun in time. @defaultValue for ever */
  readonly sessionMs?: number | undefined;
  /**
   * Audio in which words are is captioned within so long, if only for now, so that audio which is not is free of words. Only
   * for services that say nothing while nobody speaks. @defaultValue the service says it
   */
  readonly wordsWithinMs?: number | undefined;
  /** How long to wait for the last words after {@link DialectSession.finish}. */
  readonly finishMs: number;
  /** Whether the service has said everything when that time is over. Otherwise the connection is given up. @defaultValue false */
  readonly endsSilently?: boolean | undefined;
}

/** One session of a service. */
export interface DialectSession {
  /** Called when the connection is open. Returns what is said first. */
  open(): readonly RemoteMessage[];
  /** Whether audio may come at once. Otherwise the service says when, by an event `ready`. @defaultValue false */
  readonly isReadyWhenOpen?: boolean | undefined;
  /** Turns audio on the wire's encoding into one message. */
  audio(payload: Bytes): RemoteMessage;
  /** Keeps the connection alive while no audio flows. */
  keepalive?(): RemoteMessage;
  /** No more audio will come: the service is to say what is left. */
  finish(): readonly RemoteMessage[];
  /** @throws SyntaxError or TypeError if the message is none of the service's. */
  receive(message: RemoteMessage): readonly DialectEvent[];
  /**
   * The connection is gone: what has been said that stands, though the service never called it final.
   * @param isEnd whether the end was asked for and has come, so that nothing will be sent again.
   */
  settle?(isEnd: boolean): readonly DialectEvent[];
  /** What it means that the connection was closed. `"finished"` before {@link finish} was called is `temporary`. */
  judge(code: number, reason: string): Verdict | "finished";
}

/** A word, in seconds since the audio of its session began. */
export interface DialectWord {
  /** The word as it was understood. */
  readonly text: string;
  /** When it begins. */
  readonly from: number;
  /** When it ends. */
  readonly to: number;
}

/** What a message of a service means. Times are seconds since the audio of its session began. */
export type DialectEvent =
  /** The service has taken the session up, and audio may come. */
  | {
      /** What it is about. */
      readonly type: "ready";
    }
  /** Something was said. */
  | {
      /** What it is about. */
      readonly type: "caption";
      /** Names the utterance within the session; a later caption of the same name takes its place. */
      readonly segment: string;
      /** Whether the text stands. */
      readonly final: boolean;
      /** The whole text of the utterance so far. */
      readonly text: string;
      /** When it begins. @defaultValue unknown */
      readonly from?: number | undefined;
      /** When it ends. @defaultValue unknown */
      readonly to?: number | undefined;
      /** Its words in order. @defaultValue none */
      readonly words?: readonly DialectWord[] | undefined;
      /** Who speaks, by the service's name for them. @defaultValue unknown */
      readonly speaker?: string | undefined;
      /** Language tag of BCP 47. @defaultValue unknown */
      readonly language?: string | undefined;
    }
  /** The caption of this segment holds no longer. */
  | {
      /** What it is about. */
      readonly type: "void";
      /** Names the utterance. */
      readonly segment: string;
    }
  /** Every word before this time has been said in a final caption: that audio is not needed any more. */
  | {
      /** What it is about. */
      readonly type: "settled";
      /** That time. */
      readonly to: number;
    }
  /**
   * The service has listened up to this time, and has not necessarily said all of it. A message without any time says, where
   * {@link DialectTerms.wordsWithinMs} is given, that the service keeps up with what it gets.
   */
  | {
      /** What it is about. */
      readonly type: "listened";
      /** That time. */
      readonly to: number;
    }
  /** The service has said everything. Counts only after {@link DialectSession.finish}, so that it may be said earlier. */
  | {
      /** What it is about. */
      readonly type: "finished";
    }
  /** The service refuses to go on. */
  | {
      /** What it is about. */
      readonly type: "refused";
      /** What that means for the connection after it. */
      readonly verdict: Verdict;
    };

/** What an error or a close code of a service means for the connection after it. */
export interface Verdict {
  /**
   * `temporary`: try again; `busy`: try again, but not at once; `token`: try again with a new token; `final`: it cannot work.
   */
  readonly kind: "temporary" | "busy" | "token" | "final";
  /** What happened and what to do, as a sentence, without anything secret. */
  readonly detail: string;
  /** For `busy`, in milliseconds; five seconds if it is not given. */
  readonly retryAfterMs?: number | undefined;
}

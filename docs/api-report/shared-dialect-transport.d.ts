import { Transport } from "./shared-transport.js";
import { AudioFormat } from "./shared-errors.js";
import { Bytes } from "./shared-messages.js";

type RemoteMessage = string | Bytes;
interface Dialect {
  readonly name: string;
  readonly terms: DialectTerms;
  refuse(format: AudioFormat): string | undefined;
  address(request: DialectRequest): RemoteAddress;
  session(request: DialectRequest): DialectSession;
}
interface DialectRequest {
  readonly format: AudioFormat;
  readonly token: string | undefined;
}
interface RemoteAddress {
  readonly url: string | URL;
  readonly protocols?: readonly string[] | undefined;
}
interface DialectTerms {
  readonly messageMs: {
    readonly max: number;
  };
  readonly refusesShortMessages?: boolean | undefined;
  readonly pace: number;
  readonly keepaliveMs?: number | undefined;
  readonly silenceMs?: number | undefined;
  readonly sessionMs?: number | undefined;
  readonly wordsWithinMs?: number | undefined;
  readonly finishMs: number;
  readonly endsSilently?: boolean | undefined;
}
interface DialectSession {
  open(): readonly RemoteMessage[];
  readonly isReadyWhenOpen?: boolean | undefined;
  audio(payload: Bytes): RemoteMessage;
  keepalive?(): RemoteMessage;
  finish(): readonly RemoteMessage[];
  receive(message: RemoteMessage): readonly DialectEvent[];
  settle?(isEnd: boolean): readonly DialectEvent[];
  judge(code: number, reason: string): Verdict | "finished";
}
interface DialectWord {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}
type DialectEvent = /** The service has taken the session up, and audio may come. */{
  readonly segment: string; /** Whether the text stands. */
  readonly final: boolean; /** The whole text of the utterance so far. */
  readonly text: string; /** When it begins. @defaultValue unknown */
  readonly from?: number | undefined; /** When it ends. @defaultValue unknown */
  readonly to?: number | undefined; /** Its words in order. @defaultValue none */
  readonly words?: readonly DialectWord[] | undefined; /** Who speaks, by the service's name for them. @defaultValue unknown */
  readonly speaker?: string | undefined; /** Language tag of BCP 47. @defaultValue unknown */
  readonly language?: string | undefined;
} /** The caption of this segment holds no longer. */ | {
  readonly segment: string;
} /** Every word before this time has been said in a final caption: that audio is not needed any more. */ | {
  readonly to: number;
}
| {
  readonly to: number;
} /** The service has said everything. Counts only after {@link DialectSession.finish}, so that it may be said earlier. */ | {
  readonly verdict: Verdict;
};
interface Verdict {
  readonly kind: "temporary" | "busy" | "token" | "final";
  readonly detail: string;
  readonly retryAfterMs?: number | undefined;
}
interface DialectTransportOptions {
  readonly WebSocket?: typeof WebSocket | undefined;
  readonly baseUrl?: string | undefined;
}
declare function dialectTransport(dialect: Dialect, options?: DialectTransportOptions): Transport;
export { Dialect, DialectEvent, DialectRequest, DialectSession, DialectTerms, DialectTransportOptions, DialectWord, RemoteAddress, RemoteMessage, Verdict, dialectTransport };
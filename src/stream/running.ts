import type { OpenJournal } from "../host/imported-journal.js";
import { checkHost, openHost, type WorkerRoute } from "../host/open-host.js";
import { RunningClient, type RunningNews } from "../host/running-client.js";
import type { HostObserver, RunningHost } from "../host/running-host.js";
import { systemClock } from "../internal/clock.js";
import type { Scope } from "../internal/scope.js";
import type { Logger } from "./logger.js";
import type { ResolvedOptions } from "./options/resolve-options.js";
import { FORGOTTEN, type RunObserver } from "./run-observer.js";

/** What a {@link Running} is made with. */
export interface RunningSideParts {
  readonly options: ResolvedOptions;
  /** `undefined` if a worker cannot make the stream's transport. */
  readonly route: WorkerRoute | undefined;
  /** Owns everything that is acquired. */
  readonly scope: Scope;
  readonly logger: Logger;
  /** Whether no other tab may hold the session. */
  readonly isExclusive: boolean;
}

/** The running side of a stream: opened when it is needed first, which is with the source. */
export class Running {
  readonly #parts: RunningSideParts;
  readonly #observer: WeakRef<RunObserver>;
  readonly #onNews: (news: RunningNews) => void;
  #open: { readonly client: RunningClient; readonly scope: Scope } | undefined;
  #journal: OpenJournal | undefined;
  #muted = false;
  #wantsLevels = false;

  /** @throws TypeError if a worker is demanded that the other options rule out. */
  constructor(parts: RunningSideParts, observer: WeakRef<RunObserver>, onNews: (news: RunningNews) => void) {
    checkHost({ ...parts.options, route: parts.route }, parts.options);
    this.#parts = parts;
    this.#observer = observer;
    this.#onNews = onNews;
  }

  /** `undefined` until it is opened. */
  get client(): RunningClient | undefined {
    return this.#open?.client;
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    this.client?.setMuted(muted, performance.now());
  }

  /** Somebody listens to levels. Nothing is told of them before. */
  wantLevels(): void {
    if (this.#wantsLevels) return;
    this.#wantsLevels = true;
    this.client?.wantLevels();
  }

  /** Opens it, unless it is open. */
  open(): RunningClient {
    if (this.#open !== undefined) return this.#open.client;
    const { options, isExclusive } = this.#parts;
    const scope = this.#parts.scope.child("session");
    this.#journal = options.journal?.open({
      scope,
      session: options.session,
      onWarning: (error) => this.#onNews({ type: "warning", error }),
    });
    const client = new RunningClient({
      options,
      scope,
      exclusive: isExclusive,
      playback: options.playback,
      recording: options.recording,
      journal: this.#journal,
      openHost: (own, observer) => this.#openHost(own, observer),
      onNews: this.#onNews,
    });
    this.#open = { client, scope };
    client.open();
    if (this.#muted) client.setMuted(true, performance.now());
    if (this.#wantsLevels) client.wantLevels();
    return client;
  }

  /** The source was given back before the start: the next one begins anew. */
  close(): void {
    void this.#open?.scope.dispose();
    this.#open = undefined;
  }

  /** Nobody wants the audio any more: nothing of it may be left on the disk. */
  discardJournal(): void {
    this.#journal?.discard();
  }

  #openHost(scope: Scope, hostObserver: HostObserver): RunningHost {
    const { options, route, logger } = this.#parts;
    const { encoder, playback, journal: _, recording: __, gate: ___, ...plain } = options;
    const observer = () => this.#observer.deref() ?? FORGOTTEN;
    const sources = { encoderSource: encoder?.source?.(), playbackSource: playback?.source?.() };
    return openHost({ ...options, ...sources, route }, plain, {
      scope,
      clock: systemClock,
      openEncoder: encoder?.open,
      openPlayback: playback?.open,
      transport: { connect: (asked) => observer().connect(asked) },
      getUrl: (context) => observer().getUrl(context),
      getToken: options.session.renewableToken ? (context) => observer().getToken(context) : undefined,
      ...hostObserver,
      onUnreleased: (failures) => logger.warn("Some resources of the worker did not end well.", { failures }),
    });
  }
}

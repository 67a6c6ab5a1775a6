import { get as getOverHttp } from "node:http";
import { get as getOverHttps } from "node:https";
import type { Scope } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import type { StoreHealth } from "./store.js";

const LOOK_MS = 1_000;
/** A store that is back by then has cost nobody more than a late acknowledgement. */
const PATIENCE_LOOKS = 3;
const ANSWER_MS = 2_000;

export interface ElsewhereOptions {
  /** Where `/readyz` says whether another server with the same store can be used. */
  readonly peers: readonly string[];
  health(): StoreHealth;
  readonly logger: Log;
  readonly scope: Scope;
  /** Whether it answers 200. @defaultValue by a request over HTTP */
  readonly isReady?: ((address: string) => Promise<boolean>) | undefined;
  /** This server has been without its store for a while, and another one has it. */
  onFound(): void;
}

/**
 * Notices that it is this server alone that does not reach its store. What its clients say is kept nowhere then, and
 * another server could keep it.
 */
export class Elsewhere {
  readonly #options: ElsewhereOptions;
  /** Looks in a row at which the store was away. */
  #looksAway = 0;

  constructor(options: ElsewhereOptions) {
    this.#options = options;
    if (options.peers.length > 0) this.#lookLater();
  }

  #lookLater(): void {
    const { scope } = this.#options;
    if (!scope.disposed) scope.timeout(LOOK_MS, () => void this.#look(), "look for another server");
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { peers, health, logger, onFound, isReady = answersYes } = this.#options;
    this.#looksAway = health().ok ? 0 : this.#looksAway + 1;
    if (this.#looksAway >= PATIENCE_LOOKS) {
      const answers = await Promise.all(peers.map((address) => isReady(address).catch(() => false)));
      if (answers.includes(true) && !health().ok) {
        logger.warn("This server alone does not reach its store: its clients are sent to another one.");
        onFound();
        // Those who come back here are sent on again, if there is still reason to.
        this.#looksAway = 0;
      }
    }
    this.#lookLater();
  }
}

/** On a connection of its own, since a balancer would lead all requests of one connection to the same server. */
function answersYes(address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const get = address.startsWith("https:") ? getOverHttps : getOverHttp;
    const url = new URL("/readyz", address);
    const request = get(url, { agent: false, signal: AbortSignal.timeout(ANSWER_MS) }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("error", reject);
  });
}

import { type Clock, Scope } from "loquilex/resources";
import type {
  Opening,
  PeerId,
  ProtocolInput,
  ProtocolOutput,
  SessionKey,
} from "../../../examples/server/protocol/protocol-io.js";
import { ServerProtocol } from "../../../examples/server/protocol/server-protocol.js";
import type { ServerTerms } from "../../../examples/server/protocol/server-terms.js";
import { SessionWork } from "../../../examples/server/session-work.js";
import { RedisStore } from "../../../examples/server/store/redis/redis-store.js";
import { Foul } from "../referee.js";
import type { Rng } from "../rng.js";
import { Timer } from "../timer.js";
import type { VirtualTime } from "../virtual-time.js";
import type { Payload, Wire } from "../wire.js";
import { type DiskPart, NodeRecording } from "./node-recording.js";
import { RedisLine } from "./redis-line.js";
import type { SimulatedRedis } from "./simulated-redis.js";

export interface NodeOptions {
  readonly time: VirtualTime;
  readonly rng: Rng;
  readonly redis: SimulatedRedis;
  readonly terms: ServerTerms;
  readonly diskMs: number;
  readonly hearingMs: number;
  /** The recogniser of another node may not get all that has no caption yet: the store has forgotten it. */
  readonly mayMissAudio: boolean;
  /** What the node has on its disk. */
  readonly parts: DiskPart[];
  /** A number that no other process, lineage or secret has had. */
  number(): number;
  /** Hears what is said to clients of a lineage. */
  onSaid(epoch: number, json: string): void;
  /** Something went wrong that must not, somewhere below. */
  onFault(error: unknown): void;
}

const SILENT = { info() {}, debug() {}, error() {} };
const NO_FIGURES = { noteEvent() {} };
const PROTOCOL_VIOLATION = 4400;

/** One process of a node: protocol, store and sessions as the backend runs them, without its sockets and files. */
export class NodeProcess {
  readonly line: RedisLine;
  readonly #options: NodeOptions;
  readonly #scope: Scope;
  readonly #store: RedisStore;
  readonly #protocol: ServerProtocol;
  readonly #timer: Timer;
  readonly #wires = new Map<PeerId, Wire>();
  readonly #works = new Map<SessionKey, SessionWork>();
  readonly #queue: ProtocolInput[] = [];
  #busy = false;
  #asleep: (() => void)[] | undefined;
  #alive = true;
  /** A clock that stands still while the machine is paused. */
  #clockOffset = 0;

  constructor(options: NodeOptions) {
    this.#options = options;
    const { time, rng, redis, terms, number } = options;
    const enter = (work: () => void): void => this.#enter(work);
    const clock: Clock = {
      now: () => time.now + this.#clockOffset,
      schedule: (delayMs, callback) => {
        let on = true;
        time.after(delayMs, () => enter(() => on && callback()));
        return () => {
          on = false;
        };
      },
    };
    this.#scope = new Scope({ name: "node", clock });
    this.line = new RedisLine({ time, rng, redis, process: number(), enter });
    this.#store = new RedisStore({
      ...{
        createClient: () => this.line.createClient(),
        resumeTtlMs: terms.resumeTtlMs,
        maxMessages: terms.resumeMaxEvents,
      },
      ...{ logger: SILENT, clock, scope: this.#scope },
    });
    this.#protocol = new ServerProtocol({
      ...{ terms, maxSessions: 10, refuseFormat: () => undefined },
      createSecret: () => `secret-${number()}`,
      equalSecrets: (a, b) => a === b,
      createEpoch: number,
    });
    this.#timer = new Timer(time, () => enter(() => this.#dispatch({ type: "time" })));
  }

  get alive(): boolean {
    return this.#alive;
  }

  get asleep(): boolean {
    return this.#asleep !== undefined;
  }

  get sessionCount(): number {
    return this.#alive ? this.#protocol.sessionCount : 0;
  }

  get openConnections(): number {
    return this.#wires.size;
  }

  accept(peer: PeerId, wire: Wire): void {
    this.#wires.set(peer, wire);
    this.#enter(() => this.#dispatch({ type: "connected", peer }));
  }

  received(peer: PeerId, data: Payload): void {
    this.#enter(() => this.#wires.has(peer) && this.#dispatch({ type: "data", peer, data }));
  }

  closed(peer: PeerId, code: number): void {
    this.#enter(() => this.#wires.delete(peer) && this.#dispatch({ type: "closed", peer, code }));
  }

  /** Ends at once, as by a power cut. What it had sent to Redis may still arrive there. */
  kill(): void {
    this.#alive = false;
    this.line.abandon();
    for (const wire of this.#wires.values()) {
      const clientLearnsAfterMs = this.#options.rng.between(0, 50);
      wire.cut({ flushUp: false, flushDown: false, serverLearnsAfterMs: undefined, clientLearnsAfterMs });
    }
    this.#wires.clear();
  }

  /** Nothing runs for a while, and then everything that came meanwhile. @param clockStands as in a paused machine. */
  sleep(durationMs: number, clockStands: boolean): void {
    const held: (() => void)[] = [];
    this.#asleep = held;
    this.#options.time.after(durationMs, () => {
      this.#asleep = undefined;
      if (clockStands) this.#clockOffset -= durationMs;
      for (const work of held) this.#enter(work);
    });
  }

  /** Goes down in order, as for a restart: lets go of its sessions, which other nodes go on with. */
  shutDown(): void {
    this.#enter(() => {
      const notice = { reason: "The server is restarting.", retryAfterMs: 100 };
      this.#dispatch({ type: "go-away", ...notice, mayStay: true });
      for (const [key, work] of Array.from(this.#works)) {
        this.#dispatch({ type: "send-away", key, ...notice });
        work.release();
        void work.dispose();
      }
      this.#works.clear();
      void this.#scope.dispose();
      this.kill();
    });
  }

  #enter(work: () => void): void {
    if (!this.#alive) return;
    if (this.#asleep === undefined) work();
    else this.#asleep.push(work);
  }

  #dispatch(input: ProtocolInput): void {
    this.#queue.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const output of this.#protocol.handle(next, this.#now)) this.#perform(output);
      }
    } catch (error) {
      // Not further up, where some of the callers are promises that nobody awaits.
      this.#options.onFault(error);
    } finally {
      this.#busy = false;
      const { wakeAt } = this.#protocol;
      this.#timer.set(wakeAt === undefined ? undefined : wakeAt - this.#clockOffset);
    }
  }

  get #now(): number {
    return this.#options.time.now + this.#clockOffset;
  }

  #perform(output: ProtocolOutput): void {
    switch (output.type) {
      case "send":
        this.#say(output.peer, output.data as string);
        return;
      case "close":
        this.#close(output.peer, output.code, output.reason);
        return;
      case "authorize":
        void this.#authorize(output.peer, output.opening);
        return;
      case "open":
        this.#open(output);
        return;
      case "audio":
        this.#works.get(output.key)?.append(output.frame);
        return;
      case "end-audio":
        void this.#works
          .get(output.key)
          ?.end()
          .then(() => this.#enter(() => this.#dispatch({ type: "drained", key: output.key })));
        return;
      case "finished":
        void this.#works.get(output.key)?.dispose();
        this.#works.delete(output.key);
        return;
      case "fault":
        throw output.error;
    }
  }

  #say(peer: PeerId, json: string): void {
    const [key] = [...this.#works.keys()].slice(-1);
    if (key !== undefined) this.#options.onSaid(key.epoch, json);
    this.#wires.get(peer)?.sendDown(json);
  }

  #close(peer: PeerId, code: number, reason: string): void {
    const wire = this.#wires.get(peer);
    if (code === PROTOCOL_VIOLATION && wire?.tampered === false) {
      throw new Foul(`A node takes an honest client for a liar: ${reason}`);
    }
    this.#wires.delete(peer);
    wire?.closeByServer(code, reason);
  }

  async #authorize(peer: PeerId, opening: Opening): Promise<void> {
    const claim = await this.#store.claim(opening, () => this.#protocol.held(opening.data.session_id));
    this.#enter(() => this.#dispatch({ type: "authorized", peer, granted: true, claim }));
  }

  #open(opened: Extract<ProtocolOutput, { type: "open" }>): void {
    const { time, rng, parts, diskMs, hearingMs, mayMissAudio } = this.#options;
    const after = (delayMs: number, work: () => void): void => time.after(delayMs, () => this.#enter(work));
    const work = new SessionWork({
      ...{ opened, store: this.#store, figures: NO_FIGURES, logger: SILENT },
      record: (part) => new NodeRecording({ part, parts, rng, diskMs, hearingMs, mayMissAudio, after }),
      dispatch: (input) => this.#dispatch(input),
    });
    this.#works.set(opened.key, work);
  }
}

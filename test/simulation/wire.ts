import { Lane, type LaneConditions } from "./lane.js";
import { glimpseFrame } from "./referee.js";
import type { Rng } from "./rng.js";
import type { VirtualTime } from "./virtual-time.js";

export type Payload = string | Uint8Array<ArrayBuffer>;

/** What one end of a connection hears. */
export interface WireEnd {
  onMessage(data: Payload): void;
  onClose(code: number, reason: string): void;
}

/** How many frames a wire remembers. */
const RECENT_FRAMES = 16;

/** A WebSocket connection between two ends, and everything that can happen to it. */
export class Wire {
  readonly up: Lane;
  readonly down: Lane;
  readonly #time: VirtualTime;
  readonly #client: WireEnd;
  readonly #server: WireEnd;
  #clientOpen = true;
  #serverOpen = true;
  /** Something happened to it, or to an end, that excuses the client for giving it up. */
  troubled = false;
  /** Nothing gets through any more. */
  broken = false;
  /** What arrives at the server is not only what the client sent, or it is no client of the session. */
  tampered = false;
  /** The latest audio frames that went up. */
  readonly recentFrames: Uint8Array<ArrayBuffer>[] = [];
  /** Loses so many audio frames from now on, as a broken proxy does. */
  losesFrames = 0;
  /** Where the audio that was lost last ends. */
  lostTo = 0;
  /** Breaks after so many more messages to the client. */
  breaksAfter: number | undefined;

  constructor(options: {
    time: VirtualTime;
    rng: Rng;
    conditions: LaneConditions;
    client: WireEnd;
    server: WireEnd;
  }) {
    this.#time = options.time;
    this.up = new Lane(options.time, options.rng, options.conditions);
    this.down = new Lane(options.time, options.rng, options.conditions);
    this.#client = options.client;
    this.#server = options.server;
  }

  get clientOpen(): boolean {
    return this.#clientOpen;
  }

  get serverOpen(): boolean {
    return this.#serverOpen;
  }

  sendUp(data: Payload): void {
    if (!this.#clientOpen) return;
    if (typeof data !== "string") {
      this.recentFrames.push(data);
      if (this.recentFrames.length > RECENT_FRAMES) this.recentFrames.shift();
      if (this.losesFrames > 0) {
        this.losesFrames -= 1;
        this.tampered = true;
        this.lostTo = glimpseFrame(data).to;
        return;
      }
    }
    this.up.push(data.length, () => this.#serverOpen && this.#server.onMessage(data));
  }

  /** Something that the client's session did not send arrives as if it had. */
  inject(data: Payload): void {
    this.tampered = true;
    this.up.push(data.length, () => this.#serverOpen && this.#server.onMessage(data));
  }

  /** What was on its way arrives even after the client has abandoned the connection: it must know better. */
  sendDown(data: Payload): void {
    if (!this.#serverOpen) return;
    this.down.push(data.length, () => {
      this.#client.onMessage(data);
      if (this.breaksAfter === undefined) return;
      this.breaksAfter -= 1;
      if (this.breaksAfter > 0) return;
      this.breaksAfter = undefined;
      this.cut({ flushUp: true, flushDown: false, serverLearnsAfterMs: 100, clientLearnsAfterMs: 50 });
    });
  }

  /** The client detaches and says goodbye; what it sent before still arrives, however late. */
  closeByClient(code: number, reason: string): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.up.push(4, () => this.#loseServer(code, reason));
  }

  closeByServer(code: number, reason: string): void {
    if (!this.#serverOpen) return;
    this.#serverOpen = false;
    this.down.push(4, () => this.#loseClient(code, reason));
  }

  /**
   * The connection breaks. Each side may still get what was on its way, and each learns of it after its own time, or,
   * with `undefined`, never.
   */
  cut(how: {
    flushUp: boolean;
    flushDown: boolean;
    serverLearnsAfterMs: number | undefined;
    clientLearnsAfterMs: number | undefined;
  }): void {
    this.troubled = true;
    this.broken = true;
    this.up.kill(how.flushUp);
    this.down.kill(how.flushDown);
    const { serverLearnsAfterMs, clientLearnsAfterMs } = how;
    if (serverLearnsAfterMs !== undefined) this.#time.after(serverLearnsAfterMs, () => this.#loseServer(1006, ""));
    if (clientLearnsAfterMs !== undefined) this.#time.after(clientLearnsAfterMs, () => this.#loseClient(1006, ""));
  }

  #loseServer(code: number, reason: string): void {
    if (!this.#serverOpen) return;
    this.#serverOpen = false;
    this.#server.onClose(code, reason);
  }

  /** Told even where the client has abandoned the connection, as a transport that does not detach would. */
  #loseClient(code: number, reason: string): void {
    this.#clientOpen = false;
    this.#client.onClose(code, reason);
  }
}

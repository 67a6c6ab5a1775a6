import { Scope } from "loquilex/resources";
import { WebSocket as NodeWebSocket } from "ws";
import type { AnyAudioStreamError } from "../../src/errors.js";
import type { CloseInfo } from "../../src/state.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type {
  AudioStreamEventMap,
  DropEvent,
  ReconnectedEvent,
  ReconnectingEvent,
  ServerEvent,
} from "../../src/stream/events/events.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import type { UrlProvider } from "../../src/transport/transport.js";
import { webSocket } from "../../src/transport/websocket.js";
import { StampedSource, type StampedSourceOptions } from "./stamped-source.js";
import { Waiting } from "./waiting.js";

export interface NodeStreamOptions extends AudioStreamOptions, StampedSourceOptions {
  readonly protocols?: string | readonly string[];
  /** The only certificate that is trusted. @defaultValue those that Node knows */
  readonly ca?: string | undefined;
}

/** The real SDK in Node, with the real transport over `ws` and a source whose audio tells its position. */
export class NodeStream implements AsyncDisposable {
  /** A test that waits for one of its events has not forgotten it, though only the event leads back to the test. */
  static readonly #kept = new Set<NodeStream>();
  readonly source: StampedSource;
  readonly stream: AudioStream;
  /** Every socket that the transport made, oldest first. */
  readonly sockets: NodeWebSocket[] = [];
  readonly messages: ServerEvent[] = [];
  readonly drops: DropEvent[] = [];
  readonly reconnections: ReconnectedEvent[] = [];
  readonly losses: ReconnectingEvent[] = [];
  readonly warnings: AnyAudioStreamError[] = [];
  readonly states: string[] = [];
  readonly #scope = new Scope({ name: "test's ears" });
  readonly #reconnecting = new Waiting();

  constructor(url: UrlProvider, options: NodeStreamOptions = {}) {
    NodeStream.#kept.add(this);
    this.source = new StampedSource(options);
    const { sockets } = this;
    class ObservedWebSocket extends NodeWebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols, options.ca === undefined ? {} : { ca: options.ca });
        sockets.push(this);
      }
    }
    const transport = webSocket(url, {
      // The same interface as the browser's, which its types do not say.
      WebSocket: ObservedWebSocket as unknown as typeof WebSocket,
      protocols: options.protocols,
    });
    this.stream = new AudioStream({ source: this.source, transport }, options);
    this.#on("message", ({ data }) => this.messages.push(data));
    this.#on("drop", (event) => this.drops.push(event));
    this.#on("reconnected", (event) => {
      this.reconnections.push(event);
      this.#reconnecting.changed();
    });
    this.#on("reconnecting", (event) => this.losses.push(event));
    this.#on("warning", ({ error }) => this.warnings.push(error));
    this.#on("statechange", () => this.states.push(this.stream.state));
    this.#on("close", ({ info }) => this.#reconnecting.fail("error" in info ? info.error : new Error(info.outcome)));
  }

  /** Starts, and resolves when the server has answered. */
  static async start(url: UrlProvider, options: NodeStreamOptions = {}): Promise<NodeStream> {
    const stream = new NodeStream(url, options);
    await stream.stream.start();
    return stream;
  }

  /** Resolves when so many milliseconds of audio have been captured since the beginning. */
  captured(durationMs: number): Promise<void> {
    return this.source.captured(durationMs);
  }

  /** Resolves when the stream has reconnected so many times in all. */
  reconnected(count: number): Promise<void> {
    return this.#reconnecting.until(() => this.reconnections.length >= count);
  }

  /** Finishes as an application does, with time enough for a backlog on a busy machine. */
  close(timeoutMs = 25_000): Promise<void> {
    return this.stream.close({ timeoutMs });
  }

  get closed(): Promise<CloseInfo> {
    return this.stream.closed;
  }

  /** Leaves nothing open, whatever the test did; sockets that were abandoned on a dead link would wait half a minute. */
  async [Symbol.asyncDispose](): Promise<void> {
    NodeStream.#kept.delete(this);
    this.stream.abort();
    await this.stream.closed;
    for (const socket of this.sockets) socket.terminate();
    await this.#scope.dispose();
  }

  #on<K extends keyof AudioStreamEventMap>(type: K, listener: (event: AudioStreamEventMap[K]) => void): void {
    this.#scope.listen(this.stream, type, listener as (event: Event) => void);
  }
}

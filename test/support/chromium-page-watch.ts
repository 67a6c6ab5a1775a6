/** What a page has open. */
export interface LiveResources {
  /** Microphone tracks that are not stopped; each of them lights the recording indicator. */
  readonly tracks: number;
  /** Audio contexts that are not closed. */
  readonly contexts: number;
  /** WebSockets that are not closed. */
  readonly sockets: number;
  /** Workers that were not terminated. */
  readonly workers: number;
  /** Listeners that were added, to whatever target, and neither removed nor spent. */
  readonly listeners: number;
  /** Of each kind, how many were ever opened: a test that opened none has shown nothing. */
  readonly everOpened: { readonly tracks: number; readonly contexts: number; readonly sockets: number };
  /** Each of the tracks, contexts, sockets and workers, with the place in the script that made it. */
  readonly made: readonly string[];
}

declare global {
  /** Defined in pages that run {@link watchResources} first. */
  var liveResources: () => LiveResources;
}

/** Runs in the page before any script of its own, as text: it must use nothing from outside itself. */
export function watchResources(): void {
  const { addEventListener, removeEventListener } = EventTarget.prototype;

  /** Keeps what is live and forgets what is not, so that watching does not itself keep a page's memory. */
  class Live<T> {
    readonly #isLive: (resource: T) => boolean;
    readonly #name: string;
    #entries: { readonly resource: T; readonly madeAt: string }[] = [];
    ever = 0;

    constructor(name: string, isLive: (resource: T) => boolean) {
      this.#name = name;
      this.#isLive = isLive;
    }

    add(resource: T): void {
      this.ever += 1;
      const stack = new Error().stack?.split("\n").slice(2, 6) ?? [];
      this.#entries.push({ resource, madeAt: `${this.#name} ${stack.map((line) => line.trim()).join(" ")}` });
    }

    get made(): string[] {
      this.#entries = this.#entries.filter(({ resource }) => this.#isLive(resource));
      return this.#entries.map(({ madeAt }) => madeAt);
    }
  }

  const tracks = new Live<MediaStreamTrack>("track", ({ readyState }) => readyState === "live");
  const contexts = new Live<AudioContext>("context", ({ state }) => state !== "closed");
  const sockets = new Live<WebSocket>("socket", ({ readyState }) => readyState !== WebSocket.CLOSED);
  const terminated = new WeakSet<Worker>();
  const workers = new Live<Worker>("worker", (worker) => !terminated.has(worker));

  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices !== undefined) {
    const getUserMedia = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await getUserMedia(constraints);
      for (const track of stream.getTracks()) tracks.add(track);
      return stream;
    };
  }
  globalThis.AudioContext = class extends AudioContext {
    constructor(options?: AudioContextOptions) {
      super(options);
      contexts.add(this);
    }
  };
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.add(this);
    }
  };
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      workers.add(this);
    }

    override terminate(): void {
      terminated.add(this);
      super.terminate();
    }
  };

  let listeners = 0;
  type Listener = EventListenerOrEventListenerObject;
  /** By target, then by listener: the registrations, each named by type and phase. */
  const registered = new WeakMap<EventTarget, WeakMap<Listener, Set<string>>>();
  const forget = (target: EventTarget, listener: Listener, name: string): void => {
    if (registered.get(target)?.get(listener)?.delete(name)) listeners -= 1;
  };
  const nameOf = (type: string, options: boolean | EventListenerOptions | undefined): string =>
    `${type} ${typeof options === "object" ? Boolean(options?.capture) : Boolean(options)}`;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (listener !== null) {
      const target = this ?? globalThis;
      const ofTarget = registered.get(target) ?? new WeakMap<Listener, Set<string>>();
      registered.set(target, ofTarget);
      const names = ofTarget.get(listener) ?? new Set();
      ofTarget.set(listener, names);
      const name = nameOf(type, options);
      if (!names.has(name)) {
        names.add(name);
        listeners += 1;
        if (typeof options === "object" && options !== null) {
          const spent = (): void => forget(target, listener, name);
          if (options.once) addEventListener.call(target, type, spent, { once: true });
          if (options.signal) addEventListener.call(options.signal, "abort", spent, { once: true });
        }
      }
    }
    addEventListener.call(this, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    if (listener !== null) forget(this ?? globalThis, listener, nameOf(type, options));
    removeEventListener.call(this, type, listener, options);
  };

  globalThis.liveResources = () => ({
    tracks: tracks.made.length,
    contexts: contexts.made.length,
    sockets: sockets.made.length,
    workers: workers.made.length,
    listeners,
    everOpened: { tracks: tracks.ever, contexts: contexts.ever, sockets: sockets.ever },
    made: [...tracks.made, ...contexts.made, ...sockets.made, ...workers.made],
  });
}

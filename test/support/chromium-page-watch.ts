/** What a page has open. */
export interface LiveResources {
  /** Microphone tracks that are not stopped; each of them lights the recording indicator. */
  readonly tracks: number;
  /** Audio contexts that are not closed. */
  readonly contexts: number;
  /** WebSockets that are not closed, those in workers included. */
  readonly sockets: number;
  /** Workers that were not terminated. */
  readonly workers: number;
  /** Listeners that were added, to whatever target, and neither removed nor spent. */
  readonly listeners: number;
  /** Of each kind, how many were ever opened: a test that opened none has shown nothing. */
  readonly everOpened: {
    readonly tracks: number;
    readonly contexts: number;
    readonly sockets: number;
    readonly workers: number;
  };
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
  const { createObjectURL, revokeObjectURL } = URL;
  /** What object URLs lead to. */
  const blobs = new Map<string, Blob>();
  URL.createObjectURL = (object) => {
    const url = createObjectURL.call(URL, object);
    if (object instanceof Blob) blobs.set(url, object);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    blobs.delete(url);
    revokeObjectURL.call(URL, url);
  };
  /** Sockets that are open in workers, as the workers say, and how many were ever opened there. */
  const away = { open: new Map<Worker, number>(), ever: 0 };
  let channels = 0;
  /** Goes before a worker's own code, and reports its sockets. */
  const report = (channel: string): string => `{
    const channel = new BroadcastChannel("${channel}");
    self.WebSocket = class extends WebSocket {
      constructor(...args) {
        super(...args);
        channel.postMessage(1);
        this.addEventListener("close", () => channel.postMessage(-1));
      }
    };
  }`;
  interface Policy {
    createScriptURL(url: string): string;
  }
  let policy: Policy | undefined;
  /** For pages that take scripts from policies alone, and allow one of this name. */
  const trusted = (url: string): string => {
    const { trustedTypes } = globalThis as unknown as {
      trustedTypes: { createPolicy(name: string, rules: Policy): Policy };
    };
    policy ??= trustedTypes.createPolicy("watch", { createScriptURL: (given) => given });
    return policy.createScriptURL(url);
  };
  globalThis.Worker = class extends Worker {
    readonly #reports: BroadcastChannel;

    constructor(url: string | URL, options?: WorkerOptions) {
      channels += 1;
      const name = `sockets of worker ${channels}`;
      const code = blobs.get(String(url));
      const watched = code && createObjectURL.call(URL, new Blob([report(name), code], { type: "text/javascript" }));
      super(typeof url === "object" && watched !== undefined ? trusted(watched) : (watched ?? url), options);
      workers.add(this);
      this.#reports = new BroadcastChannel(name);
      this.#reports.onmessage = ({ data }: MessageEvent<1 | -1>) => {
        away.open.set(this, (away.open.get(this) ?? 0) + data);
        if (data === 1) away.ever += 1;
      };
    }

    override terminate(): void {
      terminated.add(this);
      super.terminate();
      away.open.delete(this);
      this.#reports.close();
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
    sockets: sockets.made.length + [...away.open.values()].reduce((sum, open) => sum + open, 0),
    workers: workers.made.length,
    listeners,
    everOpened: {
      tracks: tracks.ever,
      contexts: contexts.ever,
      sockets: sockets.ever + away.ever,
      workers: workers.ever,
    },
    made: [...tracks.made, ...contexts.made, ...sockets.made, ...workers.made],
  });
}

/** What a page has open. */
export interface LiveResources {
  /** Microphone tracks that are not stopped; each of them lights the recording indicator. */
  readonly tracks: number;
  /** Audio contexts that are not closed. */
  readonly contexts: number;
  /** WebSockets that are not closed. */
  readonly sockets: number;
  /** Of each kind, how many were ever opened: a test that opened none has shown nothing. */
  readonly everOpened: { readonly tracks: number; readonly contexts: number; readonly sockets: number };
}

declare global {
  /** Defined in pages that run {@link watchResources} first. */
  var liveResources: () => LiveResources;
}

/** Runs in the page before any script of its own, as text: it must use nothing from outside itself. */
export function watchResources(): void {
  const tracks: MediaStreamTrack[] = [];
  const contexts: AudioContext[] = [];
  const sockets: WebSocket[] = [];
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices !== undefined) {
    const getUserMedia = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await getUserMedia(constraints);
      tracks.push(...stream.getTracks());
      return stream;
    };
  }
  globalThis.AudioContext = class extends AudioContext {
    constructor(options?: AudioContextOptions) {
      super(options);
      contexts.push(this);
    }
  };
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  };
  globalThis.liveResources = () => ({
    tracks: tracks.filter(({ readyState }) => readyState === "live").length,
    contexts: contexts.filter(({ state }) => state !== "closed").length,
    sockets: sockets.filter(({ readyState }) => readyState !== WebSocket.CLOSED).length,
    everOpened: { tracks: tracks.length, contexts: contexts.length, sockets: sockets.length },
  });
}

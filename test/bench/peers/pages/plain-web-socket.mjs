// assemblyai takes addresses with TLS only, and the WebSocket that it finds when it is loaded. All are compared without TLS.
const AnyWebSocket = WebSocket;
globalThis.WebSocket = class extends AnyWebSocket {
  constructor(url, ...rest) {
    super(String(url).replace(/^wss:/, "ws:"), ...rest);
  }
};

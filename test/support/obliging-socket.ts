import { vi } from "vitest";
import { FakeSocket } from "./fake-socket.js";

/** A socket whose server grants audio at once, and says goodbye as soon as it is asked to. */
class ObligingSocket extends FakeSocket {
  constructor(url: string | URL) {
    super(url);
    queueMicrotask(() => this.accept());
  }

  override send(data: string | Uint8Array): void {
    super.send(data);
    const message = this.messages.at(-1);
    if (typeof data !== "string" || message === undefined) return;
    queueMicrotask(() => {
      if (message.t === "client.hello") this.answer();
      if (message.t === "client.end") this.say("session.end", { position: message.data.position, reason: "done" });
    });
  }
}

/** Puts it in the place of the page's own, until `vi.unstubAllGlobals()`. */
export function installObligingSockets(): void {
  FakeSocket.made.length = 0;
  vi.stubGlobal("WebSocket", ObligingSocket);
}

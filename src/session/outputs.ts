import type { AudioStreamError } from "../errors.js";
import { utf8Length } from "../internal/utf8.js";
import type { Bytes } from "../protocol/bytes.js";
import type { ConnectionId, SessionEvent, SessionOutput } from "./session-io.js";

/** What a session wants done, in order. */
export class Outputs {
  #pending: SessionOutput[] = [];
  #bytesSent = 0;

  /** Bytes of all messages so far. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  connect(connection: ConnectionId, attempt: number): void {
    this.#pending.push({ type: "connect", connection, attempt });
  }

  send(connection: ConnectionId, data: string | Bytes): void {
    this.#bytesSent += wireBytes(data);
    this.#pending.push({ type: "send", connection, data });
  }

  disconnect(connection: ConnectionId, code: number, reason: string): void {
    this.#pending.push({ type: "disconnect", connection, code, reason });
  }

  emit(event: SessionEvent): void {
    this.#pending.push({ type: "event", event });
  }

  warn(error: AudioStreamError): void {
    this.emit({ type: "warning", error });
  }

  /** Removes and returns all there is to do. */
  take(): SessionOutput[] {
    const outputs = this.#pending;
    if (outputs.length > 0) this.#pending = [];
    return outputs;
  }
}

/** Bytes as they go over the wire. */
export const wireBytes = (data: string | Uint8Array): number =>
  typeof data === "string" ? utf8Length(data) : data.byteLength;

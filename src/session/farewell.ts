import { Deadline } from "./deadline.js";
import type { ConnectionId } from "./session-io.js";

/** The end that the application has asked for: until when it must be reached, and where the server was told of it. */
export class Farewell extends Deadline {
  #saidOn: ConnectionId | undefined;

  wasSaidOn(connection: ConnectionId): boolean {
    return this.#saidOn === connection;
  }

  saidOn(connection: ConnectionId): void {
    this.#saidOn = connection;
  }

  /** The server lacks audio before the end, so that the end has to be said again after it. */
  takeBack(): void {
    this.#saidOn = undefined;
  }
}

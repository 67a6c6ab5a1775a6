/** What a session carries beside captured audio and messages, such as audio of the server. It is told of every connection. */
export interface SessionExtension {
  /** What the opening offers in `accept`. */
  readonly name: string;
  /**
   * Takes what the server has sent, if it belongs to the extension.
   * @param live whether the server has answered the opening of this connection.
   * @returns whether it belongs to it. @throws ShapeError if the server breaks the protocol.
   */
  receive(data: string | Uint8Array, live: boolean): boolean;
  /** The connection is gone, and another one may follow. */
  left(): void;
}

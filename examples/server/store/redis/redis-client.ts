import { createClient, RESP_TYPES } from "redis";

/** One word of a command. */
export type Argument = string | Buffer;

/** What a client of Redis has to be able to do. Texts in its answers are buffers. */
export interface RedisClient {
  /** Makes a connection, and another one whenever that is lost, until {@link destroy}. */
  connect(): Promise<unknown>;
  /** Rejects while there is no connection, and for commands whose answer is lost with their connection. */
  sendCommand(command: Argument[]): Promise<unknown>;
  /** Calls back when a connection cannot be made, or is lost. */
  on(event: "error", listener: (error: unknown) => void): unknown;
  destroy(): void;
}

/** How long a connection that is being made may be silent before another one is made. */
const SILENCE_MS = 3_000;
const RETRY_MS = 250;

/** The official client, not connected yet. @throws TypeError for an address that cannot be one. */
export const createRedisClient = (url: string): RedisClient =>
  createClient({
    url,
    RESP: 2,
    // What cannot be asked now is asked again by whoever needs it.
    disableOfflineQueue: true,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    socket: { connectTimeout: SILENCE_MS, socketTimeout: SILENCE_MS, reconnectStrategy: () => RETRY_MS },
  });

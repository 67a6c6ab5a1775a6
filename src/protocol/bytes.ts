/**
 * Bytes in memory that is not shared between threads, as sockets and encoders require: `Uint8Array<ArrayBuffer>`, written
 * so that TypeScript 5.6, where `Uint8Array` has no parameter, reads the declarations too.
 */
export type Bytes = ReturnType<typeof Uint8Array.of>;

import type { LateModule } from "../internal/late-module.js";
import type { Transport } from "./transport.js";

/** Code that makes transports in a worker. */
export interface TransportCode {
  /** Returns an expression whose value in a worker is a {@link TransportMaker}; `undefined` where the sources run as they are. */
  readonly transportSource: (() => string) | undefined;
}

/** Makes a transport of what {@link PortableTransport.given} is. */
export type TransportMaker = (given: string) => Transport;

/** How a worker comes by a transport that is more than an address. */
export interface PortableTransport {
  readonly code: LateModule<TransportCode>;
  /** What the maker gets. */
  readonly given: string;
}

const portables = new WeakMap<Transport, PortableTransport>();

/** Lets streams over this transport run in a worker. */
export function setPortable(transport: Transport, portable: PortableTransport): void {
  portables.set(transport, portable);
}

/** Returns `undefined` for a transport that only the page can make, or that is no more than an address. */
export function portableOf(transport: Transport): PortableTransport | undefined {
  return portables.get(transport);
}

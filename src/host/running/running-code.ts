/**
 * The running side's code for the page, and the same as text for a worker. The build puts one self-contained function in the
 * place of this module, which is called here and written out there, so that the package carries the code once.
 */
export { pageHost } from "../page/page-host.js";

/**
 * `undefined` where the sources run as they are.
 * @param encoder as {@link ImportedEncoding.source}.
 * @param transports as {@link TransportCode.transportSource}.
 * @param playback as {@link ImportedPlayback.source}.
 */
export const workerSource:
  | ((encoder: string | undefined, transports: string | undefined, playback: string | undefined) => string)
  | undefined = undefined;

import type { Scope } from "../internal/scope.js";
import type { WorkerCode } from "../internal/worker-thread.js";
import { type PortableTransport, portableOf } from "../transport/portable.js";
import type { ConnectContext, Transport } from "../transport/transport.js";
import { addressOf } from "../transport/websocket.js";
import { LatePageHost } from "./page/late-page-host.js";
import { loadCode, loadRunningCode, type RunningCode, runningCode } from "./running/running-code-loader.js";
import type { RunningParts } from "./running/running-parts.js";
import type { HostObserver, RunningHost } from "./running-host.js";
import type { RunningOptions } from "./running-messages.js";
import type { Restored } from "./worker/restored.js";
import { noWorker } from "./worker/worker-errors.js";
import { type LateWorkerCode, WorkerHost, type WorkerHostParts } from "./worker/worker-host.js";
import type { WorkerAddress, WorkerSetup } from "./worker/worker-messages.js";

/** Where the running side is to run: `auto` is in a worker if there can be one. */
export const HOSTS = ["auto", "worker", "page"] as const;
export type HostChoice = (typeof HOSTS)[number];

/** How a worker reaches the server. It holds nothing of the application. */
export interface WorkerRoute extends Omit<WorkerAddress, "baseUrl"> {
  readonly code?: PortableTransport["code"];
}

/** Returns `undefined` for a transport that a worker cannot make. */
export function routeOf(transport: Transport): WorkerRoute | undefined {
  const portable = portableOf(transport);
  if (portable !== undefined) return { url: undefined, protocols: undefined, ...portable };
  const address = addressOf(transport);
  return address && { ...address, url: typeof address.url === "function" ? undefined : String(address.url) };
}

/** Asks the application for the address that it gave as a function. */
export function askForUrl(transport: Transport, context: ConnectContext): unknown {
  const url = addressOf(transport)?.url;
  return typeof url === "function" ? url(context) : url;
}

/** What decides where it runs. */
export interface HostOptions {
  readonly host: HostChoice;
  readonly workerUrl: string | undefined;
  readonly route: WorkerRoute | undefined;
  /** As {@link ImportedEncoding.source}. */
  readonly encoderSource?: string | undefined;
  /** As {@link ImportedPlayback.source}. */
  readonly playbackSource?: string | undefined;
}

/** What either host is made with. */
export interface HostParts extends RunningParts, HostObserver, Pick<WorkerHostParts, "onUnreleased"> {
  /** Asks the application for the server's address. */
  getUrl(context: ConnectContext): unknown;
}

/** @throws TypeError if a worker is demanded that the other options rule out. */
export function checkHost({ host, route }: HostOptions, { session }: RunningOptions): void {
  if (host !== "worker") return;
  if (route === undefined) {
    throw new TypeError(
      'host must not be "worker" with a transport other than webSocket(url) or one of loquilex/dialects, which a worker cannot make.',
    );
  }
  if (session.retry?.policy !== undefined) {
    throw new TypeError('host must not be "worker" if reconnect is a function, since only the page can call it.');
  }
}

/** Opens the running side where the options have it. */
export function openHost(chosen: HostOptions, options: RunningOptions, parts: HostParts): RunningHost {
  const { host, workerUrl, route } = chosen;
  const onPage = (restored: Restored): RunningHost => openOnPage(options, parts, restored);
  if (host === "page" || route === undefined || options.session.retry?.policy !== undefined) return onPage({});
  const onNone = (reasons: readonly string[]): void => {
    const error = noWorker(reasons, host === "worker");
    if (host === "worker") parts.onEvent({ type: "failed", error });
    else if (workerUrl !== undefined) parts.onEvent({ type: "warning", error });
  };
  if (typeof Worker !== "function" || typeof document === "undefined") {
    onNone([NO_WORKERS]);
    return onPage({});
  }
  return new WorkerHost({
    scope: parts.scope,
    setup: setupOf(route, options, parts),
    codes: codesOf(chosen, route),
    answerer: { token: (context) => parts.getToken?.(context), url: (context) => parts.getUrl(context) },
    source: parts.source,
    onEvent: parts.onEvent,
    onReplaced: parts.onReplaced,
    onGone: parts.onGone,
    onUnreleased: parts.onUnreleased,
    onNone,
    onPage,
  });
}

const NO_WORKERS = "There are no workers here.";

/** Runs on the page, at once if the code for that is there, and otherwise as soon as it is loaded. */
function openOnPage(options: RunningOptions, parts: HostParts, restored: Restored): RunningHost {
  const { session, ...beginning } = restored;
  const open = ({ pageHost }: RunningCode): RunningHost =>
    pageHost({ ...options, ...beginning, session: { ...options.session, restored: session } }, parts);
  const { loaded } = runningCode;
  return loaded === undefined ? new LatePageHost({ ...parts, restored: session, open }) : open(loaded);
}

/** The file at the address has all encoders inside, and that of the dialects all dialects. The code inside the package is loaded only if there is no such file. */
function codesOf({ workerUrl, encoderSource, playbackSource }: HostOptions, { code }: WorkerRoute): LateWorkerCode[] {
  const served = workerUrl === undefined ? [] : [{ url: workerUrl }];
  const inline = async (scope: Scope): Promise<WorkerCode> => {
    const [{ workerSource }, transports] = await Promise.all([
      loadRunningCode(scope),
      code === undefined ? undefined : loadCode(scope, code),
    ]);
    // The sources run as they are, which only happens in tests.
    if (workerSource === undefined) throw new Error(NO_WORKERS);
    return { source: workerSource(encoderSource, transports?.transportSource?.(), playbackSource) };
  };
  return [...served, inline];
}

function setupOf({ code: _code, ...address }: WorkerRoute, options: RunningOptions, parts: HostParts): WorkerSetup {
  const { random: _, ...session } = options.session;
  return {
    options: { ...options, session },
    address: { ...address, baseUrl: document.baseURI },
    plays: parts.openPlayback !== undefined,
  };
}

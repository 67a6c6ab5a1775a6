import { type AudioStreamError, isAudioStreamError } from "../../../errors.js";
import { withSignal } from "../../../internal/abort.js";
import { checkUrl } from "../../../internal/arguments.js";
import { Scope } from "../../../internal/scope.js";
import { scriptUrl } from "../../../internal/script-url.js";
import { workletCodeMissing, workletFellBack, workletLoadFailed, workletLoadTimedOut } from "../../media-errors.js";
import { CAPTURE_MODULE, type CaptureModule } from "./capture-module.js";
import { hasProcessor } from "./processor-client.js";
import { WorkletFault } from "./worklet-fault.js";

/** How long the module may take to load, over a slow network too. */
export const WORKLET_TIMEOUT_MS = 15_000;

/** The latest load of each context. */
const loads = new WeakMap<BaseAudioContext, Promise<WorkletFallback>>();

/** Why the code inside the package had to do; `undefined` if it need not. */
export type WorkletFallback = AudioStreamError<"worklet-load-failed"> | undefined;

/**
 * Loads an audio-thread module into the context, once. Streams that share a context wait for each other: the main thread
 * of WebKitGTK 2.50 waits for ever where two modules load at once.
 * @param scope of the capture that needs it; its end ends no load that others wait for.
 * @param workletUrl where the module is served; without it, the code inside the package is loaded from a blob. So it is
 * too if the address fails, because a server or a network that is away for the moment must not stop a capture, and if what
 * is there is of another version, as in a cache after a deployment.
 * @throws AudioStreamError `worklet-load-failed`; the next call tries again.
 */
export function loadCaptureWorklet(
  scope: Scope,
  context: BaseAudioContext,
  workletUrl: string | URL | undefined,
  module: CaptureModule,
): Promise<WorkletFallback> {
  const begin = () => add(scope, context, workletUrl, module);
  const before = loads.get(context);
  const load =
    before?.then((fallback) => (hasProcessor(context, module.processor) ? fallback : begin()), begin) ?? begin();
  loads.set(context, load);
  return load;
}

/**
 * Loads a served audio-thread module before it is needed, into the browser's own cache, so that a capture can begin or be
 * mended while the server is away. The server decides by its `Cache-Control` for how long that helps. Call it when the page
 * has loaded. Opens no device, and needs no gesture.
 * @param workletUrl as `microphone.workletUrl`.
 * @throws AudioStreamError `worklet-load-failed` if the module is not there, is refused, or is of another version.
 */
export async function preloadWorklet(workletUrl: string | URL): Promise<void> {
  checkUrl("workletUrl", workletUrl);
  // The request is the same as a capture's later on, down to the policy that allows it.
  const scope = new Scope({ name: "preload" });
  scope.timeout(WORKLET_TIMEOUT_MS, () => void scope.dispose(workletLoadTimedOut(workletUrl, WORKLET_TIMEOUT_MS)));
  try {
    const context = new OfflineAudioContext(1, 1, 48_000);
    await withSignal(addModule(scope, context, CAPTURE_MODULE, String(workletUrl)), scope.signal);
  } finally {
    void scope.dispose();
  }
}

async function add(
  scope: Scope,
  context: BaseAudioContext,
  workletUrl: string | URL | undefined,
  module: CaptureModule,
): Promise<WorkletFallback> {
  if (workletUrl === undefined) {
    await addInlined(scope, context, module);
    return undefined;
  }
  try {
    await addModule(scope, context, module, String(workletUrl));
    return undefined;
  } catch (error) {
    await addInlined(scope, context, module).catch(() => {
      throw error;
    });
    return isAudioStreamError(error, "worklet-load-failed") ? workletFellBack(error) : undefined;
  }
}

async function addInlined(scope: Scope, context: BaseAudioContext, module: CaptureModule): Promise<void> {
  const { default: text } = await module.code.load().catch((cause: unknown) => {
    throw workletCodeMissing(cause);
  });
  const url = scriptUrl(text);
  try {
    await addModule(scope, context, module, url, true);
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function addModule(
  scope: Scope,
  context: BaseAudioContext,
  { processor, file }: CaptureModule,
  url: string,
  isBlob = false,
): Promise<void> {
  const fault = new WorkletFault(scope, isBlob);
  try {
    await context.audioWorklet.addModule(url);
  } catch (cause) {
    throw workletLoadFailed({ url, file, isBlob }, await fault.describe(isBlob ? undefined : url, cause), cause);
  } finally {
    fault.end();
  }
  if (!isBlob && !hasProcessor(context, processor)) {
    throw workletLoadFailed({ url, file, isBlob }, "It is of another version, or another program.", undefined);
  }
}

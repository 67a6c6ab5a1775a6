import { Worker } from "node:worker_threads";

/**
 * Loaded into a backend that a test starts: handling the first audio that a recogniser's thread gets fails, long after
 * the call, in the way that `TEST_FAULT` names. Later threads are well.
 */
const WAYS: Readonly<Record<string, (worker: Worker) => void>> = {
  timer: () => {
    setTimeout(() => {
      throw new Error("A timer failed.");
    }, 10);
  },
  promise: () => {
    void Promise.reject(new Error("A promise failed."));
  },
  event: (worker) => {
    const poison = {
      type: "segment",
      get segment() {
        throw new Error("An event failed.");
      },
    };
    setImmediate(() => worker.emit("message", poison));
  },
};

const post = Worker.prototype.postMessage;
let isFirst = true;
Worker.prototype.postMessage = function postAndFail(this: Worker, ...args: Parameters<typeof post>): void {
  post.apply(this, args);
  // The loader of modules is a thread as well.
  const isAudio = (args[0] as { readonly type?: unknown } | null)?.type === "audio";
  if (!isFirst || !isAudio) return;
  isFirst = false;
  WAYS[process.env.TEST_FAULT ?? ""]?.(this);
};

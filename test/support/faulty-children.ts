import { ChildProcess } from "node:child_process";

/**
 * Loaded into a backend that a test starts: the first recogniser's process fails, long after it was started, in the way
 * that `TEST_FAULT` names. Later ones are well.
 */
const WAYS: Readonly<Record<string, (child: ChildProcess) => void>> = {
  timer: () => {
    setTimeout(() => {
      throw new Error("A timer failed.");
    }, 300);
  },
  promise: () => {
    setTimeout(() => void Promise.reject(new Error("A promise failed.")), 300);
  },
  event: (child) => {
    setTimeout(() => child.stdout?.emit("data", "This is no buffer."), 300);
  },
};

// Node's own name for what `spawn()` calls; it is not in the types.
const prototype = ChildProcess.prototype as unknown as { spawn: (this: ChildProcess, ...args: unknown[]) => unknown };
const { spawn } = prototype;
let isFirst = true;
prototype.spawn = function spawnAndFail(...args) {
  const result = spawn.apply(this, args);
  // The compiler of threads is a child as well.
  const isRecogniser = this.spawnargs.join(" ").includes(process.env.LX_ENGINE_COMMAND ?? "");
  if (!isFirst || !isRecogniser) return result;
  isFirst = false;
  WAYS[process.env.TEST_FAULT ?? ""]?.(this);
  return result;
};

import { AsyncLocalStorage } from "node:async_hooks";

/** Ends whatever the failed work belongs to. */
export type OnFault = (error: unknown) => void;

const owner = new AsyncLocalStorage<OnFault>();

/**
 * Does work on somebody's behalf. What it throws is reported to `onFault` and goes no further, and so is what anything
 * throws that the work has started: its timers, its promises, the events of its files, threads and child processes.
 * That last part needs {@link catchFaults}.
 * @returns what the work returns, or `undefined` if it threw.
 */
export function doFor<T>(onFault: OnFault, work: () => T): T | undefined {
  return owner.run(onFault, () => {
    try {
      return work();
    } catch (error) {
      onFault(error);
      return undefined;
    }
  });
}

/**
 * Remembers on whose behalf work is done now.
 * @returns a function that does other work on the same behalf later, such as when a thread that many share has answered.
 */
export function presentOwner(): (work: () => void) => void {
  const onFault = owner.getStore();
  return (work) => (onFault === undefined ? work() : doFor(onFault, work));
}

/** Does work that is everybody's, whoever happened to cause it. What it throws is nobody's. */
export const forEverybody = <T>(work: () => T): T => owner.exit(work);

/**
 * Takes every error of this process that nothing caught to the owner of the work it came from, so that one client's
 * trouble ends that client's session and never the process.
 * @param onUnowned gets what was nobody's work.
 */
export function catchFaults(onUnowned: OnFault): void {
  const take = (error: unknown): void => (owner.getStore() ?? onUnowned)(error);
  process.on("uncaughtException", take);
  process.on("unhandledRejection", take);
}

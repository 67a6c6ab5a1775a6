/** Keeps what listeners throw, which the platform reports as uncaught, from the test runner. @returns what they threw. */
export async function withUncaught(run: () => Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const take = (error: unknown): void => void uncaught.push(error);
  const own = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", take);
  try {
    await run();
    await new Promise((resolve) => setImmediate(resolve));
    return uncaught;
  } finally {
    process.off("uncaughtException", take);
    for (const listener of own) process.on("uncaughtException", listener);
  }
}

import { deferred, type Scope } from "loquilex/resources";

const TICK_MS = 20;

export interface SpreadOptions {
  /** How long it may take in all. Few items take less: one for each tick. */
  readonly windowMs: number;
  readonly scope: Scope;
}

/** Does something for each of many at a steady pace, so that what follows from it does not come all at once. */
export async function spreadOut<T>(
  items: readonly T[],
  { windowMs, scope }: SpreadOptions,
  act: (item: T) => void,
): Promise<void> {
  const atOnce = Math.ceil(items.length / Math.max(1, Math.floor(windowMs / TICK_MS)));
  for (let index = 0; index < items.length; index += atOnce) {
    if (index > 0) await nextTick(scope);
    for (const item of items.slice(index, index + atOnce)) act(item);
  }
}

async function nextTick(scope: Scope): Promise<void> {
  const tick = deferred<void>();
  scope.timeout(TICK_MS, tick.resolve, "next of many");
  await tick.promise;
}

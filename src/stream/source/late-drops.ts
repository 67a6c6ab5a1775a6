import { DropEvent } from "../events/events.js";

/** Adds a loss to those that are to be announced together: contiguous loss is one event. */
export function addDrop(drops: DropEvent[], drop: DropEvent): void {
  const last = drops.at(-1);
  if (last?.to !== drop.from) drops.push(drop);
  else {
    const durationMs = last.durationMs + drop.durationMs;
    drops[drops.length - 1] = new DropEvent({ from: last.from, to: drop.to, durationMs });
  }
}

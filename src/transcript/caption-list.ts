import type { Caption } from "../stream/events/events.js";

/** The captions that hold, in the order of what they caption. Each change makes new lists, and keeps those that stay as they are. */
export class CaptionList {
  #finals: readonly Caption[] = [];
  #partials: readonly Caption[] = [];
  readonly #finalIds = new Set<string>();

  get finals(): readonly Caption[] {
    return this.#finals;
  }

  get partials(): readonly Caption[] {
    return this.#partials;
  }

  /** Final and partial ones in one order. */
  get all(): readonly Caption[] {
    return this.#partials.reduce(placed, this.#finals);
  }

  /** @returns whether anything has changed: what came late for a segment that is final does not. */
  add(caption: Caption): boolean {
    const { final, segmentId, replaces } = caption;
    if (!final) {
      if (this.#finalIds.has(segmentId)) return false;
      this.#partials = placed(this.#partials, caption);
      return true;
    }
    this.remove(replaces.filter((id) => id !== segmentId));
    this.#partials = without(this.#partials, [segmentId]);
    this.#finals = placed(this.#finals, caption);
    this.#finalIds.add(segmentId);
    return true;
  }

  /** @returns whether anything has changed. */
  remove(segmentIds: readonly string[]): boolean {
    const [finals, partials] = [this.#finals, this.#partials];
    this.#finals = without(finals, segmentIds);
    this.#partials = without(partials, segmentIds);
    for (const id of segmentIds) this.#finalIds.delete(id);
    return finals !== this.#finals || partials !== this.#partials;
  }
}

/** The list with the caption in the place of the one for its segment, or else where it belongs by its position. */
function placed(list: readonly Caption[], caption: Caption): readonly Caption[] {
  const index = list.findIndex(({ segmentId }) => segmentId === caption.segmentId);
  if (index >= 0) return list.map((other, at) => (at === index ? caption : other));
  let at = list.length;
  while (at > 0 && isAfter(list[at - 1], caption)) at -= 1;
  return [...list.slice(0, at), caption, ...list.slice(at)];
}

const isAfter = (one: Caption | undefined, { from }: Caption): boolean =>
  one?.from !== undefined && from !== undefined && one.from > from;

/** The same list if it has none of the segments. */
function without(list: readonly Caption[], segmentIds: readonly string[]): readonly Caption[] {
  if (segmentIds.length === 0) return list;
  const gone = new Set(segmentIds);
  return list.some(({ segmentId }) => gone.has(segmentId))
    ? list.filter(({ segmentId }) => !gone.has(segmentId))
    : list;
}

interface Alarm<T> {
  readonly who: T;
  readonly at: number;
}

/** Alarms of those who are gone, which their owners must not be kept in memory by. */
const MAX_LEFT_BEHIND = 64;

/**
 * Who is to be woken when. Nearly everything that happens puts a time off, so that this costs nothing: whoever is woken
 * too early says when to be woken again. A binary heap, in which an alarm that was set to an earlier time stays behind and
 * is passed over.
 */
export class Alarms<T> {
  #heap: Alarm<T>[] = [];
  readonly #times = new Map<T, number>();

  /** The earliest time; `Infinity` without any. */
  get next(): number {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#times.get(first.who) === first.at) return first.at;
      this.#removeFirst();
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Wakes somebody at this time, or earlier if that was said before. `Infinity` is never. */
  set(who: T, at: number): void {
    if (at >= (this.#times.get(who) ?? Number.POSITIVE_INFINITY)) return;
    this.#times.set(who, at);
    this.#add({ who, at });
  }

  delete(who: T): void {
    this.#times.delete(who);
    if (this.#heap.length > 2 * this.#times.size + MAX_LEFT_BEHIND) this.#tidyUp();
  }

  /** What is sorted is a heap. */
  #tidyUp(): void {
    this.#heap = Array.from(this.#times, ([who, at]) => ({ who, at })).sort((a, b) => a.at - b.at);
  }

  /** Everybody whose time has come; none of them has an alarm any more. */
  take(now: number): T[] {
    const due: T[] = [];
    while (this.next <= now) {
      const { who } = this.#removeFirst();
      this.#times.delete(who);
      due.push(who);
    }
    return due;
  }

  #add(alarm: Alarm<T>): void {
    const heap = this.#heap;
    let index = heap.length;
    for (;;) {
      const above = (index - 1) >> 1;
      const parent = index === 0 ? undefined : heap[above];
      if (parent === undefined || parent.at <= alarm.at) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = alarm;
  }

  #removeFirst(): Alarm<T> {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) throw new RangeError("There is no alarm.");
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      const [left, right] = [heap[below], heap[below + 1]];
      if (left === undefined) break;
      let child = left;
      if (right !== undefined && right.at < left.at) {
        child = right;
        below += 1;
      }
      if (child.at >= last.at) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
    return first;
  }
}

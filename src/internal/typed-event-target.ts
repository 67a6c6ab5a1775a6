/** An EventTarget whose listeners know their events by name. `Events` maps event names to event types. */
export interface TypedEventTarget<Events> extends EventTarget {
  addEventListener<K extends keyof Events & string>(
    type: K,
    listener: (this: this, event: Events[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof Events & string>(
    type: K,
    listener: (this: this, event: Events[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** The platform's own class, which also reports what is listened to. */
class ListenedEventTarget extends EventTarget {
  readonly #onListener: (type: string) => void;

  constructor(onListener: (type: string) => void) {
    super();
    this.#onListener = onListener;
  }

  override addEventListener(...[type, ...rest]: Parameters<EventTarget["addEventListener"]>): void {
    super.addEventListener(type, ...rest);
    this.#onListener(type);
  }
}

/** @param onListener is called with the type of event when a listener is added. */
export const TypedEventTarget = ListenedEventTarget as unknown as new <Events>(
  onListener: (type: string) => void,
) => TypedEventTarget<Events>;

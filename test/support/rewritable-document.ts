import { vi } from "vitest";

/** The test's document, which can be written anew as by `document.open()`. The test restores all mocks at its end. */
export class RewritableDocument {
  readonly #added: [EventTarget, Parameters<EventTarget["addEventListener"]>][] = [];

  /** Listeners that are added from now on are those that {@link open} removes. */
  constructor() {
    for (const target of [window, document]) {
      const add = target.addEventListener.bind(target) as EventTarget["addEventListener"];
      vi.spyOn(target, "addEventListener").mockImplementation((...args: Parameters<typeof add>) => {
        this.#added.push([target, args]);
        add(...args);
      });
    }
  }

  /** As browsers do it: every listener is gone, and so are the document's nodes. Ends once somebody listens again. */
  async open(): Promise<void> {
    for (const [target, args] of this.#added.splice(0)) target.removeEventListener(...args);
    const root = document.documentElement;
    root.remove();
    document.append(root);
    await vi.waitFor(() => {
      if (this.#added.length === 0) throw new Error("Nobody listens to the page again.");
    });
  }
}

import type { Hold, HoldOptions, Store } from "./store.js";

/** Sessions are known to this process alone: what is on its disk is kept, and a message is kept once it is said. */
export const memoryStore: Store = {
  name: "memory",
  shared: false,
  health: { ok: true },
  claim: () => undefined,
  hold: ({ onKept, onEvent }: HoldOptions): Hold => {
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    return {
      append() {},
      recorded(position) {
        if (!ended) onKept(position);
      },
      emit(t, data) {
        if (!ended) onEvent(t, data);
      },
      settle: () => Promise.resolve(),
      forget: end,
      release: end,
    };
  },
};

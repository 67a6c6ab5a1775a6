import type { EngineKind } from "../engine-kind.js";
import { SEGMENTER } from "../segmenter.js";
import { segmenterEngine } from "../thread-engine.js";

export const engineKind: EngineKind = {
  name: SEGMENTER,
  needs: "nothing",
  create: ({ clock, scope }) => segmenterEngine(clock, scope),
};

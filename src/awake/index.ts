export { keepAwake } from "./keep-awake.js";
export type { AwakeState, KeepAwakeOptions } from "./keep-awake-options.js";

/** What a mutant is held against: the same simulation and the same judges as the right version. */
export { judgeRetries } from "../retry-verdict.js";
export { simulate } from "../simulate.js";

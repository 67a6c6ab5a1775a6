/**
 * Vitest's setup of tests that only compute: they take the processor time that the tests beside them leave, whose sockets
 * and processes live in real time.
 */
import { constants, setPriority } from "node:os";

setPriority(constants.priority.PRIORITY_LOW);

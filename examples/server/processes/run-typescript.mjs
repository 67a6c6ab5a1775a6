/**
 * Runs a TypeScript module in a process of its own: the module's path is the first argument. The loader that
 * `--import tsx` installs takes a second thread and half a second of work for it; this one takes neither.
 */
import { createRequire } from "node:module";
import { register } from "tsx/cjs/api";

register();
createRequire(import.meta.url)(process.argv[2]);

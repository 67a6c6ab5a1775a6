import { version } from "../../version.js";

/** The first message of a worker. Pages and workers of different versions do not understand each other. */
export interface WorkerGreeting {
  readonly type: "ready";
  readonly loquilex: string;
}

export const GREETING: WorkerGreeting = { type: "ready", loquilex: version };

/**
 * Judges the first message of a program that may be any.
 * @returns why it is not the worker that this page needs, or `undefined` if it is.
 */
export function strangenessOf(message: unknown): string | undefined {
  const { type, loquilex } = (message ?? {}) as Readonly<Record<string, unknown>>;
  if (type !== GREETING.type || typeof loquilex !== "string") {
    return `It is not the worker of LoquiLex ${version}, but another program.`;
  }
  if (loquilex === version) return undefined;
  return `It is the worker of LoquiLex ${loquilex.slice(0, 40)}, and this page runs ${version}.`;
}

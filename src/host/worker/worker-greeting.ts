import { version } from "../../version.js";

/** The first message of a worker. Pages and workers of different versions do not understand each other. */
export interface WorkerGreeting {
  readonly type: "ready";
  readonly loquilex: string;
  /** Whether it can make the transports of other protocols. */
  readonly dialects: boolean;
}

export const greeting = (dialects: boolean): WorkerGreeting => ({ type: "ready", loquilex: version, dialects });

/**
 * Judges the first message of a program that may be any.
 * @param needsDialects whether the stream speaks another protocol than that of LoquiLex.
 * @returns why it is not the worker that this page needs, or `undefined` if it is.
 */
export function strangenessOf(message: unknown, needsDialects: boolean): string | undefined {
  const { type, loquilex, dialects } = (message ?? {}) as Readonly<Record<string, unknown>>;
  if (type !== "ready" || typeof loquilex !== "string") {
    return `It is not the worker of LoquiLex ${version}, but another program.`;
  }
  if (loquilex !== version)
    return `It is the worker of LoquiLex ${loquilex.slice(0, 40)}, and this page runs ${version}.`;
  if (needsDialects && dialects !== true) return "It knows no dialects, as loquilex.dialects.worker.js does.";
  return undefined;
}

/**
 * Strangers in a process of their own, so that they do not delay the streams that are measured beside them. Argument: the
 * server's port. Asked to connect, it answers with {@link CrowdFigures} when so many connections more have been made.
 */
import { answerRequests } from "./answer-requests.js";
import { Strangers } from "./strangers.js";

export interface CrowdRequest {
  readonly connect: number;
}

export interface CrowdFigures {
  /** Connections that are open. */
  readonly open: number;
  /** Connections that were not told anything, whether they are open or not. */
  readonly untold: number;
}

/** Connections that begin together. */
const AT_ONCE = 50;

const [port] = process.argv.slice(2).map(Number);
const strangers = new Strangers();

answerRequests<CrowdRequest>(async ({ connect }) => {
  await strangers.connect(connect, port ?? 0, AT_ONCE);
  const figures: CrowdFigures = {
    open: strangers.openCount,
    untold: strangers.told.filter((told) => told === "").length,
  };
  return figures;
});

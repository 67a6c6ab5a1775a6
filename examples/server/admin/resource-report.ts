import type { Scope } from "loquilex/resources";
import type { SessionManager } from "../session-manager.js";

/** Everything alive in the server, oldest first, with its owner and its age, and what waits in the queues. */
export function resourceReport(scope: Scope, manager: SessionManager) {
  return {
    uptimeSec: Math.round(process.uptime()),
    memory: process.memoryUsage(),
    connections: manager.connectionCount,
    sessions: manager.sessionCount,
    refused: manager.refused,
    queues: manager.works.readQueues(),
    resources: scope.resources(),
  };
}

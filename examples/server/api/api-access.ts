import type { IncomingMessage } from "node:http";
import type { ServerConfig } from "../config.js";
import { equalText } from "../equal-text.js";
import { isAllowedOrigin } from "../origin-policy.js";
import { ApiError } from "./api-error.js";

type AccessConfig = Pick<ServerConfig, "token" | "allowedOrigins">;

const LOOPBACK_ADDRESS = /^(127\.|::1$|::ffff:127\.)/;
const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/**
 * The management API is for whoever runs the server: with a token set it asks for that, and without one it answers this
 * machine alone. @throws ApiError
 */
export function checkAccess(request: IncomingMessage, config: AccessConfig): void {
  const { origin, host, authorization } = request.headers;
  if (!isAllowedOrigin({ origin, host }, config.allowedOrigins)) {
    throw new ApiError(403, "foreign_origin", "Pages of this origin may not use the API; see LX_ALLOWED_ORIGINS.");
  }
  if (config.token === undefined) {
    if (isLocal(request)) return;
    throw new ApiError(
      403,
      "local_only",
      "Without LX_TOKEN the API answers this machine alone; set it to use it from elsewhere.",
    );
  }
  const presented = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  if (presented === undefined || !equalText(presented, config.token)) {
    throw new ApiError(401, "unauthorized", "Send the server's token: Authorization: Bearer …");
  }
}

/**
 * Whether the request was made on this machine, and to it: a proxy stands for others, and another name for this address
 * is how a foreign page gets round its browser's rules.
 */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const forwarded = headers.forwarded !== undefined || headers["x-forwarded-for"] !== undefined;
  return !forwarded && LOOPBACK_ADDRESS.test(socket.remoteAddress ?? "") && LOOPBACK_HOST.test(headers.host ?? "");
}

import type { IncomingMessage } from "node:http";
import { isAllowedOrigin } from "../../connection/origin-policy.js";
import { equalText } from "../../equal-text.js";
import type { ServerConfig } from "../../start/config.js";
import { ApiError } from "./api-error.js";

type AccessConfig = Pick<ServerConfig, "api" | "token" | "allowedOrigins">;

const NUMERIC_HOST = /^(?:localhost|\d+(?:\.\d+){3}|\[[\da-f:.]+\])(?::\d+)?$/i;

/**
 * The management API is for whoever runs the server: it is shut unless there is a token to ask for, or it was opened by
 * name. Where a request comes from opens nothing, because a proxy on this machine makes every stranger local.
 * @throws ApiError
 */
export function checkAccess(request: IncomingMessage, config: AccessConfig): void {
  const { origin, host, authorization } = request.headers;
  if (config.api === "off" || (config.api === "token" && config.token === undefined)) {
    throw new ApiError(403, "api_off", "The API is off; set LX_TOKEN to use it, or LX_API to open it without a token.");
  }
  if (!isAllowedOrigin({ origin, host }, config.allowedOrigins)) {
    throw new ApiError(403, "foreign_origin", "Pages of this origin may not use the API; see LX_ALLOWED_ORIGINS.");
  }
  if (config.token === undefined) {
    if (isOwnName(host, config.allowedOrigins)) return;
    throw new ApiError(
      403,
      "unknown_host",
      "Without a token the API is used by this server's address, or by a name that is in LX_ALLOWED_ORIGINS.",
    );
  }
  const presented = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  if (presented === undefined || !equalText(presented, config.token)) {
    throw new ApiError(401, "unauthorized", "Send the server's token: Authorization: Bearer …");
  }
}

/** Another name for this address is how a foreign page gets round its browser's rules; an address cannot be borrowed. */
function isOwnName(host: string | undefined, allowedOrigins: readonly string[]): boolean {
  if (host === undefined) return false;
  return NUMERIC_HOST.test(host) || allowedOrigins.some((origin) => origin.endsWith(`//${host.toLowerCase()}`));
}

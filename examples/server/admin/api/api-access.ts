import type { IncomingMessage } from "node:http";
import { isAllowedOrigin, isKnownHost } from "../../connection/origin-policy.js";
import type { ServerConfig } from "../../start/config.js";
import { presentsToken } from "../bearer-token.js";
import { ApiError } from "./api-error.js";

type AccessConfig = Pick<ServerConfig, "api" | "token" | "allowedOrigins" | "allowedHosts">;

/**
 * The management API is for whoever runs the server: it is shut unless there is a token to ask for, or it was opened by
 * name. Where a request comes from opens nothing, because a proxy on this machine makes every stranger local.
 * @throws ApiError
 */
export function checkAccess(request: IncomingMessage, config: AccessConfig): void {
  const { origin, host } = request.headers;
  if (config.api === "off" || (config.api === "token" && config.token === undefined)) {
    throw new ApiError(403, "api_off", "The API is off; set LX_TOKEN to use it, or LX_API to open it without a token.");
  }
  if (!isAllowedOrigin({ origin, host, peer: request.socket.remoteAddress }, config)) {
    throw new ApiError(403, "foreign_origin", "Pages of this origin may not use the API; see LX_ALLOWED_ORIGINS.");
  }
  if (config.token === undefined) {
    if (isKnownHost(host, config)) return;
    throw new ApiError(
      403,
      "unknown_host",
      "Without a token the API is used by this server's address, or by a name that is in LX_ALLOWED_HOSTS.",
    );
  }
  if (!presentsToken(request.headers, config.token)) {
    throw new ApiError(401, "unauthorized", "Send the server's token: Authorization: Bearer …");
  }
}

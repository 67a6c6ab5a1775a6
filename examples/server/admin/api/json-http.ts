import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "./api-error.js";

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.setHeader("Content-Type", "application/json");
  response.setHeader("Cache-Control", "no-store");
  response.writeHead(status, { "Content-Length": Buffer.byteLength(body) }).end(body);
}

export function sendError(response: ServerResponse, error: ApiError): void {
  if (error.retryAfterSec !== undefined) response.setHeader("Retry-After", error.retryAfterSec);
  sendJson(response, error.status, { error: { code: error.code, message: error.message } });
}

/**
 * Reads a small JSON object. Asking for its media type keeps foreign pages from sending one without the browser asking
 * this server first. @throws ApiError
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<Record<string, unknown>> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new ApiError(415, "unsupported_media_type", "Send the body as application/json.");
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      throw new ApiError(
        413,
        "body_too_large",
        `The body is larger than ${maxBytes} bytes; send only what is asked for.`,
      );
    }
    chunks.push(chunk);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new ApiError(400, "invalid_json", "The body is not JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ApiError(400, "invalid_request", "The body must be a JSON object.");
  }
  return value as Record<string, unknown>;
}

import type { IncomingHttpHeaders } from "node:http";
import { equalText } from "../equal-text.js";

/** Whether a request has the token in its header: `Authorization: Bearer …`. */
export function presentsToken({ authorization }: IncomingHttpHeaders, token: string): boolean {
  const presented = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  if (presented === undefined) return false;
  // Headers are bytes, which Node takes for Latin-1. Most programs send what is beyond ASCII as UTF-8.
  return equalText(presented, token) || equalText(Buffer.from(presented, "latin1").toString("utf8"), token);
}

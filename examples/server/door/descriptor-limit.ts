import { readFileSync } from "node:fs";
import type { ServerConfig } from "../start/config.js";
import type { GuestLimits } from "./guest-list.js";

/** How many files and connections this process may have open; `undefined` if the system does not say. */
function descriptorLimit(): number | undefined {
  try {
    const text = readFileSync("/proc/self/limits", "utf8");
    const limit = Number(/^Max open files\s+(\d+)/m.exec(text)?.[1]);
    return Number.isNaN(limit) ? undefined : limit;
  } catch {
    return undefined;
  }
}

/** What the settings allow, but no more connections than leave half of all descriptors to recordings and recognisers. */
export function guestLimits(
  config: Pick<ServerConfig, "maxConnections" | "maxConnectionsPerAddress" | "maxWaiting">,
  descriptors = descriptorLimit(),
): GuestLimits {
  const connections = Math.min(config.maxConnections, Math.floor((descriptors ?? Infinity) / 2));
  return {
    connections,
    connectionsPerAddress: config.maxConnectionsPerAddress,
    // A half of the places is for those who say something.
    waiting: Math.min(config.maxWaiting, Math.ceil(connections / 2)),
  };
}

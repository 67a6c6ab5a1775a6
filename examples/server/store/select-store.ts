import type { Clock, Scope } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import type { ServerConfig } from "../start/config.js";
import { memoryStore } from "./memory-store.js";
import type { Store } from "./store.js";

/** The store that the settings name. One that cannot be reached yet is waited for while the server runs. */
export async function selectStore(options: {
  readonly config: ServerConfig;
  readonly logger: Log;
  readonly clock: Clock;
  readonly scope: Scope;
}): Promise<Store> {
  const { config, ...more } = options;
  if (config.store === "memory") return memoryStore;
  // Whoever does not use it does not load its client.
  const [{ RedisStore }, { createRedisClient }] = await Promise.all([
    import("./redis/redis-store.js"),
    import("./redis/redis-client.js"),
  ]);
  return new RedisStore({
    createClient: () => createRedisClient(config.store),
    resumeTtlMs: config.resumeTtlSec * 1_000,
    maxMessages: config.resumeMaxEvents,
    ...more,
  });
}

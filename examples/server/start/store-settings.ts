import { httpOrigins, storeAddress } from "./setting-kinds.js";

/** Where sessions are known, and to whom else. */
export const STORE_SETTINGS = {
  store: storeAddress({
    env: "LX_STORE",
    flag: "store",
    help: "Where sessions are known: memory is this process alone; servers with the same Redis go on with each other's sessions. Never logged.",
  }),
  peers: httpOrigins({
    env: "LX_PEERS",
    help: "Addresses of other servers with the same store, or of the balancer before them, comma-separated. If this server alone does not reach the store, its clients are sent away as soon as /readyz answers there.",
  }),
} as const;

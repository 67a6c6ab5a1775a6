import type { Server } from "node:http";
import type { Clock, Scope } from "loquilex/resources";
import type { Authenticator } from "./door/authenticator.js";
import type { EngineRoster } from "./engines/engine-roster.js";
import type { FaultSwitch } from "./faults/fault-switch.js";
import type { Log } from "./logging/log.js";
import type { RecordingDisk } from "./recording/disk/recording-disk.js";
import type { ServerConfig } from "./start/config.js";
import type { Store } from "./store/store.js";
import type { Speech } from "./voices/voice.js";

/** What a session manager is made with. */
export interface SessionManagerOptions {
  readonly config: ServerConfig;
  readonly httpServer: Server;
  readonly engines: Pick<EngineRoster, "forOwner">;
  /** Checks what clients present. */
  readonly authenticator: Authenticator;
  /** Where sessions are known, also to other nodes. */
  readonly store: Store;
  readonly disk: RecordingDisk;
  readonly faults?: FaultSwitch | undefined;
  /** What sessions say by LX_PLAYBACK; `undefined` if nothing. */
  readonly speech?: Speech | undefined;
  readonly logger: Log;
  readonly clock: Clock;
  /** Owns every socket, timer and session. */
  readonly scope: Scope;
}

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { systemClock } from "loquilex/resources";
import { Api } from "../../examples/server/admin/api/api.js";
import { ModelDownloads } from "../../examples/server/admin/models/model-downloads.js";
import { createLog } from "../../examples/server/logging/log.js";
import { SessionArchive } from "../../examples/server/transcripts/session-archive.js";
import { loopbackServer } from "./loopback-server.js";
import { temporaryFolder } from "./temporary-folder.js";
import { testScope } from "./test-scope.js";

export interface Asked {
  readonly status: number;
  readonly type: string | undefined;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly text: string;
  /** The body, if it is JSON. */
  readonly json: unknown;
  /** The error code, if the body has one. */
  readonly code: string | undefined;
}

interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends the path as it is, with any host and origin; `fetch` would not. */
export async function ask(address: string, { method = "GET", headers = {} }: AskOptions = {}): Promise<Asked> {
  const [origin = "", path = "/"] = address.split(/(?<=^http:\/\/[^/]+)(?=\/)/);
  const outgoing = request(origin, { path, method, headers, agent: false }).end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const bytes = new Uint8Array(Buffer.concat(await response.toArray()));
  const text = new TextDecoder().decode(bytes);
  const type = response.headers["content-type"];
  const json: unknown = type === "application/json" ? JSON.parse(text) : undefined;
  const code = (json as { readonly error?: { readonly code: string } } | undefined)?.error?.code;
  return { status: response.statusCode ?? 0, type, bytes, text, json, code };
}

/** The API, opened, over a folder in which a test puts what it likes. */
export async function serveArchive({ directory }: { readonly directory?: string } = {}) {
  const folder = await temporaryFolder();
  const scope = testScope();
  const logger = createLog({ logLevel: "silent" });
  const downloads = new ModelDownloads({
    catalog: new Map(),
    maxBytes: 1,
    directory: folder,
    logger,
    clock: systemClock,
    scope,
  });
  const archive = new SessionArchive({ directory: directory ?? folder, liveRecordings: () => [] });
  const config = { api: "open" as const, token: undefined, allowedOrigins: [], allowedHosts: [] };
  const api = new Api({ config, downloads, archive, logger, scope, resources: () => ({}) });
  const url = await loopbackServer((incoming, response) =>
    api.handle(incoming, response, (incoming.url ?? "").split("?", 1)[0] ?? ""),
  );
  return { folder, url, get: (path: string, options: AskOptions = {}) => ask(url + path, options) };
}

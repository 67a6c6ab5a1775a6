import type { IncomingMessage, ServerResponse } from "node:http";
import type { Scope } from "loquilex/resources";
import type { FaultSwitch } from "../../faults/fault-switch.js";
import type { Log } from "../../logging/log.js";
import type { ServerConfig } from "../../start/config.js";
import type { SessionArchive } from "../../transcripts/session-archive.js";
import type { ModelDownloads } from "../models/model-downloads.js";
import { checkAccess } from "./api-access.js";
import { ApiError } from "./api-error.js";
import { sendDownloadEvents } from "./download-events.js";
import { readJsonBody, sendError, sendJson } from "./json-http.js";
import { sessionRoutes } from "./session-routes.js";

const MAX_BODY_BYTES = 4_096;
const MAX_EVENT_STREAMS = 32;

export interface ApiOptions {
  readonly config: Pick<ServerConfig, "api" | "token" | "allowedOrigins" | "allowedHosts">;
  readonly downloads: ModelDownloads;
  readonly archive: SessionArchive;
  /** @defaultValue none: there is nothing at `/api/faults`. */
  readonly faults?: FaultSwitch | undefined;
  readonly logger: Log;
  /** Owns the answers that go on. */
  readonly scope: Scope;
  /** What `/api/resources` tells. */
  resources(): unknown;
}

/** @param id what the pattern's first group found. @param detail what its second one did. */
type Handler = (request: IncomingMessage, response: ServerResponse, id: string, detail: string) => unknown;
export type Route = readonly [method: string, pattern: RegExp, handler: Handler];

/** Everything under `/api/`, for whoever runs the server: its resources, its sessions, and its downloads of models. */
export class Api {
  readonly #options: ApiOptions;
  readonly #routes: readonly Route[];
  #eventStreams = 0;

  constructor(options: ApiOptions) {
    this.#options = options;
    const { downloads, archive, faults } = options;
    const download = "^/api/models/downloads/([^/]+)";
    this.#routes = [
      ["GET", /^\/api\/resources$/, (_, response) => sendJson(response, 200, options.resources())],
      ["POST", /^\/api\/models\/download$/, (request, response) => this.#start(request, response)],
      ["GET", /^\/api\/models\/downloads$/, (_, response) => sendJson(response, 200, { downloads: downloads.list() })],
      ["GET", new RegExp(`${download}$`), (_, response, id) => sendJson(response, 200, downloads.get(id).view)],
      ["GET", new RegExp(`${download}/events$`), (_, response, id) => this.#events(response, id)],
      ["DELETE", new RegExp(`${download}$`), (_, response, id) => this.#cancel(response, id)],
      ["POST", new RegExp(`${download}/pause$`), (_, response, id) => this.#pause(response, id)],
      ["POST", new RegExp(`${download}/resume$`), (_, response, id) => this.#resume(response, id)],
      ...sessionRoutes(archive),
      ...(faults === undefined ? [] : [this.#faultRoute(faults)]),
    ];
  }

  /** Answers the request in every case. @param path of the request, without its query. */
  handle(request: IncomingMessage, response: ServerResponse, path: string): void {
    // A client that leaves in the middle is not the server's affair.
    request.on("error", () => response.destroy());
    this.#answer(request, response, path).catch((error: unknown) => this.#refuse(response, error));
  }

  async #answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    checkAccess(request, this.#options.config);
    const routes = this.#routes.filter(([, pattern]) => pattern.test(path));
    const route = routes.find(([method]) => method === request.method);
    if (route !== undefined) {
      const [, pattern, handler] = route;
      const [, id = "", detail = ""] = pattern.exec(path) ?? [];
      await handler(request, response, id, detail);
      return;
    }
    if (routes.length === 0) throw new ApiError(404, "not_found", "There is nothing at this address.");
    response.setHeader("Allow", routes.map(([method]) => method).join(", "));
    throw new ApiError(405, "method_not_allowed", "This address does not take this method.");
  }

  #faultRoute(faults: FaultSwitch): Route {
    return [
      "POST",
      /^\/api\/faults$/,
      async (request, response) => {
        faults.suffer(request, await readJsonBody(request, MAX_BODY_BYTES));
        sendJson(response, 200, {});
      },
    ];
  }

  async #start(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { name } = await readJsonBody(request, MAX_BODY_BYTES);
    if (typeof name !== "string") throw new ApiError(400, "invalid_request", 'The body must be {"name": "…"}.');
    const view = await this.#options.downloads.start(name);
    response.setHeader("Location", `/api/models/downloads/${view.id}`);
    sendJson(response, 202, view);
  }

  async #cancel(response: ServerResponse, id: string): Promise<void> {
    const download = this.#options.downloads.get(id);
    await download.cancel();
    sendJson(response, 200, download.view);
  }

  #pause(response: ServerResponse, id: string): void {
    const download = this.#options.downloads.get(id);
    download.pause();
    sendJson(response, 200, download.view);
  }

  #resume(response: ServerResponse, id: string): void {
    const download = this.#options.downloads.get(id);
    download.resume();
    sendJson(response, 200, download.view);
  }

  #events(response: ServerResponse, id: string): void {
    const { downloads, scope } = this.#options;
    // Throws for an unknown one before anything is counted.
    downloads.get(id);
    if (this.#eventStreams >= MAX_EVENT_STREAMS) {
      throw new ApiError(
        429,
        "too_many_listeners",
        "Too many listen to downloads already; ask for its state instead.",
        30,
      );
    }
    this.#eventStreams += 1;
    const answer = scope.child("events of a download");
    answer.defer("listener's place", () => {
      this.#eventStreams -= 1;
    });
    sendDownloadEvents(response, downloads, id, answer);
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (response.destroyed || response.headersSent) {
      response.destroy();
      return;
    }
    // What else of the body may come is not waited for.
    response.setHeader("Connection", "close");
    if (error instanceof ApiError) {
      sendError(response, error);
      return;
    }
    this.#options.logger.error({ err: error }, "A request to the API failed.");
    sendError(response, new ApiError(500, "internal_error", "The server could not do this; its log says why."));
  }
}

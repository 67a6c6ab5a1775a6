import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerConfig } from "../start/config.js";
import { presentsToken } from "./bearer-token.js";
import type { Metrics } from "./metrics/metrics.js";

/** Whether a load balancer should send new clients here. */
export interface Readiness {
  readonly ready: boolean;
  /** Why not, in a sentence. */
  readonly detail?: string | undefined;
}

export interface ProbesOptions {
  readonly config: Pick<ServerConfig, "metrics" | "token">;
  metrics(): Pick<Metrics, "text" | "contentType">;
  /** The answer to `/healthz`, by which a supervisor decides whether to restart the process. */
  health(): object;
  readiness(): Readiness;
  /** The figures could not be read. */
  onFault(error: unknown): void;
}

/** What machines ask: `/healthz`, `/readyz` and `/metrics`. */
export class Probes {
  readonly #options: ProbesOptions;

  constructor(options: ProbesOptions) {
    this.#options = options;
  }

  /** @returns whether the request was answered, or is about to be. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    switch (path) {
      case "/healthz":
        send(response, 200, "application/json", JSON.stringify(this.#options.health()));
        return true;
      case "/readyz": {
        const { ready, detail } = this.#options.readiness();
        const body = JSON.stringify({ status: ready ? "ready" : "not ready", detail });
        send(response, ready ? 200 : 503, "application/json", body);
        return true;
      }
      case "/metrics":
        this.#answerMetrics(request, response);
        return true;
      default:
        return false;
    }
  }

  #answerMetrics({ headers }: IncomingMessage, response: ServerResponse): void {
    const { config, onFault } = this.#options;
    if (config.metrics === "off") {
      send(response, 404, "text/plain", "The metrics are off; see LX_METRICS.\n");
      return;
    }
    if (config.metrics === "token" && (config.token === undefined || !presentsToken(headers, config.token))) {
      send(response, 401, "text/plain", "Send the server's token: Authorization: Bearer …\n");
      return;
    }
    const metrics = this.#options.metrics();
    metrics.text().then(
      (text) => send(response, 200, metrics.contentType, text),
      (error: unknown) => {
        onFault(error);
        send(response, 500, "text/plain", "The figures cannot be read; the server's log says why.\n");
      },
    );
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.setHeader(
    "Content-Type",
    type.startsWith("text/plain;") || type.includes("json") ? type : `${type}; charset=utf-8`,
  );
  response.setHeader("Cache-Control", "no-store");
  response.writeHead(status, { "Content-Length": Buffer.byteLength(body) }).end(body);
}

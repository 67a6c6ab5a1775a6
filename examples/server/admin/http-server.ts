import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { join } from "node:path";
import sirv, { type RequestHandler } from "sirv";
import { STREAM_PATH } from "../connection/stream-door.js";
import type { TlsIdentity } from "../door/tls-identity.js";
import { doFor } from "../fault-owner.js";
import { sendJson } from "./api/json-http.js";
import type { Probes } from "./probes.js";
import { RequestTurns } from "./request-turns.js";

export interface HttpServerOptions {
  /** The project's folder, with `dist` and `examples` in it. */
  readonly root: string;
  /** For https and wss. @defaultValue neither: http and ws */
  readonly tls?: TlsIdentity | undefined;
  /** Answers everything under `/api/`. */
  api(request: IncomingMessage, response: ServerResponse, path: string): void;
  /** What the demo page can offer here, at `/demo.json`. */
  readonly offer: { readonly faults: boolean; readonly api: "open" | "token" | "off" };
  /** What machines ask. */
  readonly probes: Pick<Probes, "answer">;
  /** Answering a request failed in a way that nothing expected; the request has been ended. */
  onFault(error: unknown): void;
}

/** A client that is slower than this with its request, or that takes nothing of an answer, is let go. */
const HEADERS_MS = 10_000;
const HANDSHAKE_MS = 10_000;
const REQUEST_MS = 30_000;
const IDLE_MS = 60_000;
const CHECK_INTERVAL_MS = 2_000;

const HEADERS: Readonly<Record<string, string>> = {
  // The SDK's audio-thread module is a file of this origin (`workletUrl`), so that no page needs `blob:`.
  "Content-Security-Policy":
    "default-src 'self'; script-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Permissions-Policy": "microphone=(self)",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** The pages of the demo: `/`, `/script-tag/`, the built package under `/dist/`, what machines ask, and the API. Not listening yet. */
export function createHttpServer(options: HttpServerOptions): Server | TlsServer {
  const pages: readonly [prefix: string, directory: string][] = [
    ["/dist/", join(options.root, "dist")],
    ["/script-tag/", join(options.root, "examples/script-tag")],
    ["/", join(options.root, "dist/demo")],
  ];
  const handlers = pages.map(([prefix, directory]) => ({
    prefix,
    // "dev" looks files up at each request, so that a build while the server runs neither hides nor breaks them.
    serve: sirv(directory, { dev: true, etag: true, setHeaders: keepHashed }),
  }));
  const answerRequest = (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (path.startsWith("/api/")) return options.api(request, response, path);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return answer(response, 405, "Only GET and HEAD are answered here.\n");
    }
    if (options.probes.answer(request, response, path)) return;
    if (path === "/demo.json") return sendJson(response, 200, options.offer);
    if (path === STREAM_PATH) {
      response.setHeader("Upgrade", "websocket");
      return answer(
        response,
        426,
        "This address is a WebSocket's. A proxy in front of it must pass the Upgrade and Connection headers on.\n",
      );
    }
    const handler = handlers.find(({ prefix }) => path.startsWith(prefix));
    if (handler === undefined) return answer(response, 400, "The address must begin with a slash.\n");
    if (path === "/script-tag") return redirect(response, "/script-tag/");
    serveFile(handler.serve, handler.prefix, request, response);
  };
  const limits = {
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  };
  const turns = new RequestTurns();
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const onFault = (error: unknown): void => {
      response.destroy();
      options.onFault(error);
    };
    turns.wait(request, response, () => doFor(onFault, () => answerRequest(request, response)));
  };
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer(limits, onRequest)
      : createTlsServer({ ...limits, cert: tls.cert, key: tls.key, handshakeTimeout: HANDSHAKE_MS }, onRequest);
  server.timeout = IDLE_MS;
  return server;
}

/** A name with a hash of the content never means anything else: the page works on with such a file while the server is away. */
function keepHashed(response: ServerResponse, path: string): void {
  if (/^\/assets\/.+-[\w-]{8}\.\w+$/.test(path))
    response.setHeader("Cache-Control", "public, max-age=31536000, immutable");
}

function serveFile(serve: RequestHandler, prefix: string, request: IncomingMessage, response: ServerResponse): void {
  guardPipe(response);
  // The demo asks for whole files only, and a range such as "5-2" would be read as it stands.
  delete request.headers.range;
  request.url = `/${(request.url ?? "").slice(prefix.length)}`;
  serve(request, response, () => {
    answer(
      response,
      404,
      "There is nothing at this address; if the demo page is missing, build it with: npm run build\n",
    );
  });
}

/** Nobody else listens for what a file's stream does: a file that cannot be read ends the answer, and a client that leaves ends the reading. */
function guardPipe(response: ServerResponse): void {
  response.on("pipe", (source) => {
    source.on("error", () => response.destroy());
    response.on("close", () => source.destroy());
  });
}

function answer(response: ServerResponse, status: number, body: string): void {
  if (!response.hasHeader("Content-Type")) response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.writeHead(status, { "Content-Length": Buffer.byteLength(body) }).end(body);
}

function redirect(response: ServerResponse, to: string): void {
  response.setHeader("Location", to);
  answer(response, 308, "");
}

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** With a certificate that browsers have to be told to trust: see the fixtures. */
const TLS_FIXTURE = fileURLToPath(new URL("../support/fixtures/tls-1", import.meta.url));
const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));

export interface SitePage {
  readonly html: string;
  /** Sent as the `Content-Security-Policy` header. */
  readonly contentSecurityPolicy?: string;
}

/** A page that offers the built package as the global `sdk`, and does nothing else. */
const SDK_PAGE: SitePage = { html: html('<script type="module" src="/sdk.js"></script>') };
const SCRIPTS: Readonly<Record<string, string>> = {
  "/sdk.js": 'import * as sdk from "/dist/index.js"; globalThis.sdk = sdk;',
  "/journal.js": 'import * as journal from "/dist/journal.js"; globalThis.journal = journal;',
  "/vosk.js": 'import { vosk } from "/dist/dialects/vosk.js"; globalThis.vosk = vosk;',
  "/mix.js": 'import { mix } from "/dist/mix.js"; globalThis.mix = mix;',
  "/recording.js":
    'import { oggOpus, recording } from "/dist/recording.js"; Object.assign(globalThis, { oggOpus, recording });',
  "/awake.js": 'import { keepAwake } from "/dist/awake.js"; globalThis.keepAwake = keepAwake;',
  "/playback.js": 'import { playback } from "/dist/playback.js"; globalThis.playback = playback;',
  "/gate.js": 'import { voiceGate } from "/dist/gate.js"; globalThis.voiceGate = voiceGate;',
  "/classic.js": "globalThis.sdk = LoquiLex;",
};

export function html(body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Test page</title><link rel="icon" href="data:,"></head><body>${body}</body></html>`;
}

/** Where policies may have violations reported. */
const REPORTS = "/violations";

/** Serves test pages and the built package as files, as any web server would. */
export class TestSite implements AsyncDisposable {
  /** The directive for a policy whose violations are to be {@link violations}. */
  static readonly reportUri = `report-uri ${REPORTS}`;
  readonly port: number;
  /** What browsers reported, the oldest first. */
  readonly violations: readonly string[];
  readonly #server: Server;
  readonly #scheme: "http" | "https";

  private constructor(server: Server, scheme: "http" | "https", violations: readonly string[]) {
    this.#server = server;
    this.#scheme = scheme;
    this.violations = violations;
    this.port = (server.address() as AddressInfo).port;
  }

  /**
   * @param pages by path; `/` has the SDK as the global `sdk` unless it is among them.
   * @param scheme over https a browser has to ignore what it thinks of the certificate.
   */
  static async serve(
    pages: Readonly<Record<string, SitePage>> = {},
    scheme: "http" | "https" = "http",
  ): Promise<TestSite> {
    const all: Readonly<Record<string, SitePage>> = { "/": SDK_PAGE, ...pages };
    const violations: string[] = [];
    const answer: RequestListener = (request, response) => {
      const path = new URL(request.url ?? "/", "http://site").pathname;
      const page = all[path];
      if (page !== undefined) {
        if (page.contentSecurityPolicy !== undefined) {
          response.setHeader("Content-Security-Policy", page.contentSecurityPolicy);
        }
        response.setHeader("Content-Type", "text/html").end(page.html);
      } else if (SCRIPTS[path] !== undefined) {
        response.setHeader("Content-Type", "text/javascript").end(SCRIPTS[path]);
      } else if (/^\/dist\/(?:(?:inside|dialects)\/)?[\w.-]+\.js$/.test(path)) {
        readFile(DIST + path.slice("/dist/".length)).then(
          (bytes) => response.setHeader("Content-Type", "text/javascript").end(bytes),
          () => response.writeHead(404).end("Run `npm run build` first."),
        );
      } else if (path === REPORTS) {
        void text(request).then((report) => violations.push(report));
        response.writeHead(204).end();
      } else response.writeHead(404).end();
    };
    const server = scheme === "http" ? createServer(answer) : createTlsServer(await tlsIdentity(), answer);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TestSite(server, scheme, violations);
  }

  /** The address of one of its pages. */
  url(path = "/", host = "127.0.0.1"): string {
    return `${this.#scheme}://${host}:${this.port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

async function tlsIdentity(): Promise<{ readonly cert: Buffer; readonly key: Buffer }> {
  const [cert, key] = await Promise.all([readFile(`${TLS_FIXTURE}.cert.pem`), readFile(`${TLS_FIXTURE}.key.pem`)]);
  return { cert, key };
}

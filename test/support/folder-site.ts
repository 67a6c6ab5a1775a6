import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import sirv from "sirv";

/** Serves a folder as a web server does. The query names the Content Security Policy that is sent with a page: `/page.html?csp=…`. */
export class FolderSite implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async serve(folder: string): Promise<FolderSite> {
    const files = sirv(folder, { dev: true });
    const server = createServer((request, response) => {
      const policy = new URL(request.url ?? "/", "http://site").searchParams.get("csp");
      if (policy !== null) response.setHeader("Content-Security-Policy", policy);
      // A page that is left stops what it was loading, and nobody else ends the reading.
      response.on("pipe", (source) => response.on("close", () => source.destroy()));
      files(request, response, () => {
        response.writeHead(404).end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FolderSite(server);
  }

  /** The address of one of its pages. */
  url(path: string, contentSecurityPolicy?: string): string {
    const url = new URL(path, `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`);
    if (contentSecurityPolicy !== undefined) url.searchParams.set("csp", contentSecurityPolicy);
    return url.href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

import { once } from "node:events";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createHttpServer } from "../../examples/server/admin/http-server.js";
import { Probes } from "../../examples/server/admin/probes.js";
import { temporaryFolder } from "../support/temporary-folder.js";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function serve() {
  const root = await temporaryFolder();
  await mkdir(join(root, "dist/demo/assets"), { recursive: true });
  await mkdir(join(root, "examples/script-tag"), { recursive: true });
  await Promise.all([
    writeFile(join(root, "secret.txt"), "secret"),
    writeFile(join(root, "dist/demo/index.html"), "<h1>demo</h1>"),
    writeFile(join(root, "dist/demo/assets/demo.js"), "demo()"),
    writeFile(join(root, "dist/demo/.env"), "secret"),
    writeFile(join(root, "dist/loquilex.iife.js"), "x".repeat(5_000_000)),
    writeFile(join(root, "dist/capture.worklet.js"), "worklet()"),
    writeFile(join(root, "examples/script-tag/index.html"), "<h1>script tag</h1>"),
  ]);
  const server = createHttpServer({
    root,
    api: (_, response, path) => response.end(`the API answers ${path}`),
    offer: { faults: false, api: "off" },
    probes: new Probes({
      config: { metrics: "open", token: undefined },
      metrics: () => ({ contentType: "text/plain; version=0.0.4", text: async () => "up 1\n" }),
      health: () => ({ status: "ok", sessions: 3, store: { ok: true } }),
      readiness: () => ({ ready: true }),
      onFault: (error) => expect.fail(String(error)),
    }),
    onFault: (error) => expect.fail(String(error)),
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  /** Sends the path as it is; `fetch` would tidy it up. */
  const ask = (path: string, { method = "GET", headers = {} } = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const outgoing = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      });
      outgoing.on("error", reject).end();
    });
  return { root, port, ask };
}

describe("the demo's web server", () => {
  it.each([
    ["/", "<h1>demo</h1>", "text/html;charset=utf-8"],
    ["/index.html", "<h1>demo</h1>", "text/html;charset=utf-8"],
    ["/?autostart", "<h1>demo</h1>", "text/html;charset=utf-8"],
    ["/assets/demo.js", "demo()", "text/javascript"],
    ["/dist/capture.worklet.js", "worklet()", "text/javascript"],
    ["/script-tag/", "<h1>script tag</h1>", "text/html;charset=utf-8"],
  ])("gives %s as what it is", async (path, body, type) => {
    const { ask } = await serve();
    const answer = await ask(path);
    expect(answer).toMatchObject({ status: 200, body });
    expect(answer.headers["content-type"]).toBe(type);
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    expect(answer.headers["content-security-policy"]).toMatch(
      /^default-src 'self'; script-src 'self'; connect-src 'self' ws: wss:;/,
    );
    const policy = String(answer.headers["content-security-policy"]);
    // The page plays recordings that it has fetched with a token; nothing that runs comes from a blob.
    expect(policy.replace("media-src 'self' blob:", "")).not.toMatch(/unsafe|blob:/);
  });

  it("lets browsers keep files and ask whether they changed", async () => {
    const { ask, root } = await serve();
    const first = await ask("/assets/demo.js");
    expect(first.headers["cache-control"]).toBe("no-cache");
    const headers = { "if-none-match": first.headers.etag };
    expect(await ask("/assets/demo.js", { headers })).toMatchObject({ status: 304, body: "" });
    await writeFile(join(root, "dist/demo/assets/demo.js"), "changed()");
    expect(await ask("/assets/demo.js", { headers })).toMatchObject({ status: 200, body: "changed()" });
  });

  // Field report 66
  it("lets browsers keep for good what is named after its content, so that a page works on while the server is away", async () => {
    const { ask, root } = await serve();
    await writeFile(join(root, "dist/demo/assets/capture.worklet-D8ZUsjBP.js"), "worklet()");
    const answer = await ask("/assets/capture.worklet-D8ZUsjBP.js");
    expect(answer.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect((await ask("/")).headers["cache-control"]).toBe("no-cache");
  });

  it("answers HEAD without the content", async () => {
    const { ask } = await serve();
    const answer = await ask("/", { method: "HEAD" });
    expect(answer).toMatchObject({ status: 200, body: "" });
    expect(answer.headers["content-length"]).toBe("13");
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("refuses %s", async (method) => {
    const { ask } = await serve();
    const answer = await ask("/", { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("GET, HEAD");
  });

  it.each([
    "/../../secret.txt",
    "/dist/../../secret.txt",
    "/dist/..%2f..%2fsecret.txt",
    "/%2e%2e/%2e%2e/secret.txt",
    "/..\\..\\secret.txt",
    "/script-tag/../../secret.txt",
    "/script-tag/..%5c..%5csecret.txt",
    "//etc/passwd",
    "/dist//etc/passwd",
    "/%00",
    "/%",
    "/assets",
    "/nothing",
    "http://elsewhere/../../secret.txt",
  ])("finds nothing at %s", async (path) => {
    const { ask } = await serve();
    const answer = await ask(path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).not.toContain("secret");
    expect(answer.body).not.toContain("root:");
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  });

  it("says how to build the demo page when it is missing", async () => {
    const { ask, root } = await serve();
    await rm(join(root, "dist"), { recursive: true });
    expect(await ask("/")).toMatchObject({ status: 404, body: expect.stringContaining("npm run build") });
  });

  it("leads to the script-tag page, whose files lie beside it", async () => {
    const { ask } = await serve();
    const answer = await ask("/script-tag");
    expect([answer.status, answer.headers.location]).toEqual([308, "/script-tag/"]);
  });

  it("tells its health", async () => {
    const { ask } = await serve();
    const answer = await ask("/healthz");
    expect(JSON.parse(answer.body)).toEqual({ status: "ok", sessions: 3, store: { ok: true } });
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("leaves everything under /api/ to the API, whatever the method", async () => {
    const { ask } = await serve();
    for (const method of ["GET", "POST", "DELETE"]) {
      expect(await ask("/api/anything?query", { method })).toMatchObject({ body: "the API answers /api/anything" });
    }
  });

  it("survives ranges that make no sense", async () => {
    const { ask } = await serve();
    for (const range of ["bytes=5-2", "bytes=-", "bytes=999-", "bytes=-1", "nonsense"]) {
      expect(await ask("/", { headers: { range } })).toMatchObject({ status: 200, body: "<h1>demo</h1>" });
    }
  });

  it("closes the file when a client leaves in the middle of it", async () => {
    const { port } = await serve();
    const before = (await readdir("/dev/fd")).length;
    for (let count = 0; count < 5; count += 1) {
      const socket = connect(port, "127.0.0.1");
      socket.write("GET /dist/loquilex.iife.js HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(socket, "data");
      socket.destroy();
    }
    await vi.waitFor(async () => expect((await readdir("/dev/fd")).length).toBe(before), { timeout: 5_000 });
  });

  it("opens one file at a time for a client that asks for many and takes none", async () => {
    const { port } = await serve();
    const before = (await readdir("/dev/fd")).length;
    const socket = connect(port, "127.0.0.1").pause();
    socket.write("GET /dist/loquilex.iife.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(60));
    await once(socket, "readable");
    // Both ends of the connection, and a file.
    expect((await readdir("/dev/fd")).length - before).toBeLessThan(10);
    socket.destroy();
    await vi.waitFor(async () => expect((await readdir("/dev/fd")).length).toBe(before), { timeout: 5_000 });
  });

  it("lets a client go that asks for more and more without waiting for an answer", async () => {
    const { port } = await serve();
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => {});
    socket.write("GET /dist/loquilex.iife.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100));
    socket.resume();
    await once(socket, "close");
    expect(socket.bytesRead).toBeLessThan(5_000_000);
  });

  it("answers requests in their order that come without waiting for each other's answers", async () => {
    const { port } = await serve();
    const socket = connect(port, "127.0.0.1").setEncoding("utf8");
    const asked = ["/", "/assets/demo.js", "/nothing", "/healthz"];
    const last = "GET /dist/capture.worklet.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    socket.write(asked.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join("") + last);
    const bodies = (await socket.toArray())
      .join("")
      .split(/HTTP\/1\.1 \d+/)
      .map((text) => text.split("\r\n\r\n")[1]);
    expect(bodies).toEqual([
      ...[undefined, "<h1>demo</h1>", "demo()", expect.stringContaining("nothing at this address")],
      ...[expect.stringContaining("sessions"), "worklet()"],
    ]);
  });
});

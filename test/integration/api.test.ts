import { once } from "node:events";
import { request } from "node:http";
import { Scope, systemClock } from "loquilex/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Api } from "../../examples/server/admin/api/api.js";
import { ModelDownloads } from "../../examples/server/admin/models/model-downloads.js";
import { createLog } from "../../examples/server/logging/log.js";
import { SessionArchive } from "../../examples/server/transcripts/session-archive.js";
import { BackendProcess } from "../support/backend-process.js";
import { loopbackServer } from "../support/loopback-server.js";
import { RawClient } from "../support/raw-client.js";
import { temporaryFolder } from "../support/temporary-folder.js";

interface Answer {
  readonly status: number;
  readonly body: { readonly error?: { readonly code: string } };
}

async function serve(token?: string, api: "token" | "open" | "off" = token === undefined ? "open" : "token") {
  const scope = new Scope({ name: "test" });
  onTestFinished(() => scope.dispose().then(() => {}));
  const logger = createLog({ logLevel: "silent" });
  const directory = await temporaryFolder();
  const downloads = new ModelDownloads({
    catalog: new Map(),
    maxBytes: 1,
    directory,
    logger,
    clock: systemClock,
    scope,
  });
  const archive = new SessionArchive({ directory, liveRecordings: () => [] });
  const config = { api, token, allowedOrigins: ["https://example.org"], allowedHosts: ["my.example"] };
  const handler = new Api({ config, downloads, archive, logger, scope, resources: () => ({ everything: "alive" }) });
  const url = await loopbackServer((incoming, response) => handler.handle(incoming, response, incoming.url ?? ""));
  /** `fetch` would not let a test name a host or an origin. */
  const ask = async (path: string, { method = "GET", headers = {}, body = "" } = {}): Promise<Answer> => {
    const outgoing = request(`${url}${path}`, { method, headers, agent: false });
    outgoing.end(body);
    const [response] = await once(outgoing, "response");
    const text = (await response.setEncoding("utf8").toArray()).join("");
    return { status: response.statusCode, body: JSON.parse(text) };
  };
  return { ask };
}

const code = ({ status, body }: Answer) => [status, body.error?.code];

describe("the API's door", () => {
  // LuthienResearch/luthien-proxy#779, field report 83: behind a proxy on the same host everybody is local.
  it.each([
    ["/api/resources", "GET"],
    ["/api/models/downloads", "GET"],
    ["/api/models/download", "POST"],
    ["/api/models/downloads/1", "DELETE"],
    ["/api/nothing", "GET"],
  ])("is shut without a token, also to programs on this machine: %s", async (path, method) => {
    const { ask } = await serve(undefined, "token");
    expect(code(await ask(path, { method }))).toEqual([403, "api_off"]);
  });

  // Field report 83
  it("can be shut although there is a token", async () => {
    const { ask } = await serve("s3cret", "off");
    expect(code(await ask("/api/resources", { headers: { authorization: "Bearer s3cret" } }))).toEqual([
      403,
      "api_off",
    ]);
  });

  it("is open without a token when it was opened by name, and asks for a token that is set all the same", async () => {
    const { ask } = await serve();
    expect(await ask("/api/resources")).toEqual({ status: 200, body: { everything: "alive" } });
    expect((await ask("/api/resources", { headers: { host: "example.org" } })).status).toBe(200);
    expect(code(await (await serve("s3cret", "open")).ask("/api/resources"))).toEqual([401, "unauthorized"]);
  });

  it.each([
    ["a page of another site", { origin: "https://evil.example" }, "foreign_origin"],
    ["a page without a name", { origin: "null" }, "foreign_origin"],
    ["a site whose name was made to lead here", { host: "evil.example" }, "unknown_host"],
    ["such a site's page", { host: "evil.example", origin: "http://evil.example" }, "foreign_origin"],
  ])("is closed to %s, although it is open", async (_, headers, reason) => {
    const { ask } = await serve();
    expect(code(await ask("/api/resources", { headers }))).toEqual([403, reason]);
  });

  it.each([
    [undefined, 401],
    ["Bearer wrong", 401],
    ["Bearer s3cret0", 401],
    ["Basic s3cret", 401],
    ["Bearer s3cret", 200],
    ["bearer s3cret", 200],
  ])("asks for the token when there is one: %s gives %i", async (authorization, status) => {
    const { ask } = await serve("s3cret");
    const headers = authorization === undefined ? {} : { authorization };
    expect((await ask("/api/resources", { headers })).status).toBe(status);
  });

  it("knows a token that is not ASCII, as programs send it and as pages do", async () => {
    const { ask } = await serve("s3crét");
    for (const encoding of ["utf8", "latin1"] as const) {
      const authorization = `Bearer ${Buffer.from("s3crét", encoding).toString("latin1")}`;
      expect((await ask("/api/resources", { headers: { authorization } })).status).toBe(200);
    }
    expect((await ask("/api/resources", { headers: { authorization: "Bearer s3cret" } })).status).toBe(401);
  });

  it("lets a page of an allowed origin in with the token, and no other one", async () => {
    const { ask } = await serve("s3cret");
    const headers = { authorization: "Bearer s3cret", host: "my.example" };
    expect((await ask("/api/resources", { headers: { ...headers, origin: "https://example.org" } })).status).toBe(200);
    const foreign = await ask("/api/resources", { headers: { ...headers, origin: "https://evil.example" } });
    expect(code(foreign)).toEqual([403, "foreign_origin"]);
  });

  it("says what it does not know", async () => {
    const { ask } = await serve();
    expect(code(await ask("/api/nothing"))).toEqual([404, "not_found"]);
    expect(code(await ask("/api/resources", { method: "POST" }))).toEqual([405, "method_not_allowed"]);
    expect(code(await ask("/api/models/downloads/../../etc/passwd"))).toEqual([404, "not_found"]);
    expect(code(await ask("/api/models/downloads/unknown"))).toEqual([404, "unknown_download"]);
    expect(code(await ask("/api/models/downloads/unknown/events"))).toEqual([404, "unknown_download"]);
    expect(code(await ask("/api/models/downloads/unknown", { method: "DELETE" }))).toEqual([404, "unknown_download"]);
  });

  it.each([
    ["no media type", {}, '{"name":"a"}', [415, "unsupported_media_type"]],
    ["a form's media type", { "content-type": "text/plain" }, '{"name":"a"}', [415, "unsupported_media_type"]],
    ["no JSON", { "content-type": "application/json" }, "{", [400, "invalid_json"]],
    ["no object", { "content-type": "application/json" }, "[]", [400, "invalid_request"]],
    ["no name", { "content-type": "application/json" }, '{"name":7}', [400, "invalid_request"]],
    ["too much", { "content-type": "application/json" }, `{"name":"${"a".repeat(5_000)}"}`, [413, "body_too_large"]],
    ["an unknown name", { "content-type": "application/json; charset=utf-8" }, '{"name":"a"}', [404, "unknown_model"]],
    ["a path", { "content-type": "application/json" }, '{"name":"../../etc/passwd"}', [404, "unknown_model"]],
    ["a trap", { "content-type": "application/json" }, '{"name":"__proto__"}', [404, "unknown_model"]],
    ["an address", { "content-type": "application/json" }, '{"name":"http://x/"}', [404, "unknown_model"]],
  ])("refuses a body with %s", async (_, headers, body, expected) => {
    const { ask } = await serve();
    expect(code(await ask("/api/models/download", { method: "POST", headers, body }))).toEqual(expected);
  });
});

describe("a server's resources", () => {
  interface Report {
    readonly sessions: number;
    readonly connections: number;
    readonly resources: readonly { readonly owner: string; readonly resource: string; readonly ageMs: number }[];
    readonly queues: readonly { readonly session: string; readonly queues: object }[];
  }

  it("are told by the API and on SIGUSR2, each with its owner and its age, and go with the session", async () => {
    await using backend = await BackendProcess.start({
      env: { LX_ENGINE: "segmenter", LX_API: "open", LX_LOG_LEVEL: "debug" },
    });
    const ask = async () => (await (await fetch(`${backend.url}/api/resources`)).json()) as Report;
    const before = await ask();
    const client = await RawClient.connect(backend.webSocketUrl);
    client.hello();
    await client.until("session.new");
    for (let position = 0; position < 16_000; position += 320) client.sendFrame(position);
    const names = ({ resources }: Report) => resources.map(({ owner, resource }) => `${owner}: ${resource}`);
    await vi.waitFor(
      async () =>
        expect(names(await ask())).toContainEqual(expect.stringMatching(/^server\/engines: thread segmenter \d+$/)),
      { timeout: 5_000 },
    );
    const during = await ask();
    expect(names(during)).toContain("server/sessions/connection 1: socket");
    for (const { ageMs } of during.resources) expect(ageMs).toBeGreaterThanOrEqual(0);
    expect([during.sessions, during.connections]).toEqual([1, 1]);
    const counts = { dropped: 0, droppedSinceRead: 0, pushed: 50 };
    expect(during.queues).toEqual([
      {
        session: client.sessionId.slice(0, 8),
        queues: { engine: expect.objectContaining(counts), recording: expect.objectContaining(counts) },
      },
    ]);
    expect(JSON.stringify(during)).not.toContain(client.sessionId);

    backend.signal("SIGUSR2");
    await vi.waitFor(() => expect(backend.log).toContain('"msg":"What is alive."'), { timeout: 5_000 });
    client.socket.close(1000);
    await client.untilClosed();
    // The threads are everybody's.
    const others = (report: Report) => names(report).filter((name) => !name.includes(": thread "));
    await vi.waitFor(async () => expect(others(await ask()).toSorted()).toEqual(names(before).toSorted()), {
      timeout: 5_000,
    });
    await backend.stop();
    const said = backend.log.split("\n").filter((line) => line.includes('"resource":"thread segmenter'));
    expect(said.map((line) => JSON.parse(line).msg)).toEqual(["acquired", "What is alive.", "released"]);
  });
});

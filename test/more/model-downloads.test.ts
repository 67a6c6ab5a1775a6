import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { Scope, systemClock } from "loquilex/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Api } from "../../examples/server/admin/api/api.js";
import { readModelCatalog } from "../../examples/server/admin/models/model-catalog.js";
import type { DownloadView } from "../../examples/server/admin/models/model-download.js";
import { ModelDownloads } from "../../examples/server/admin/models/model-downloads.js";
import { createLog } from "../../examples/server/logging/log.js";
import { SessionArchive } from "../../examples/server/transcripts/session-archive.js";
import { BackendProcess } from "../support/backend-process.js";
import { loopbackServer } from "../support/loopback-server.js";
import { isProcessAlive } from "../support/process-alive.js";
import { childrenOf } from "../support/process-figures.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { PATIENTLY } from "../support/waiting.js";

const MODEL = randomBytes(300_000);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A server with models: `/whole`, `/redirected`, `/cut` (breaks off), `/absent`, and `/slow`, which sends when told to. */
async function modelServer() {
  const slow: ServerResponse[] = [];
  const url = await loopbackServer((request, response) => {
    if (request.url === "/whole") response.end(MODEL);
    else if (request.url === "/redirected") response.writeHead(302, { location: "/whole" }).end();
    else if (request.url === "/cut") {
      response.writeHead(200, { "content-length": MODEL.byteLength });
      response.write(MODEL.subarray(0, 100_000), () => response.destroy());
    } else if (request.url === "/slow") {
      response.writeHead(200, { "content-length": MODEL.byteLength }).write(MODEL.subarray(0, 100_000));
      slow.push(response);
    } else if (request.url === "/circle") response.writeHead(302, { location: "/circle" }).end();
    else if (request.url === "/inwards") response.writeHead(302, { location: "http://127.0.0.1:1/whole" }).end();
    else if (request.url === "/inwards-by-name") response.writeHead(302, { location: "http://localhost:1/" }).end();
    else if (request.url === "/large") response.writeHead(200, { "content-length": 1_000_001 }).write(MODEL);
    else if (request.url === "/endless") {
      response.on("drain", () => response.write(MODEL));
      response.write(MODEL);
    } else response.writeHead(404).end();
  });
  const finish = (): void => {
    for (const response of slow.splice(0)) response.end(MODEL.subarray(100_000));
  };
  return { url, slow, finish };
}

type Entry = { url: string; sha256: string; bytes?: number };

async function setUp(more: Record<string, Partial<Entry>> = {}) {
  const server = await modelServer();
  const directory = join(await temporaryFolder(), "models");
  const entries: Record<string, Partial<Entry>> = { a: {}, b: {}, c: {}, ...more };
  const catalogPath = join(await temporaryFolder(), "catalog.json");
  const catalog = Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [
      name,
      {
        sha256: sha256(MODEL),
        ...entry,
        url: entry.url?.startsWith("http") ? entry.url : server.url + (entry.url ?? "/whole"),
      },
    ]),
  );
  await writeFile(catalogPath, JSON.stringify(catalog));
  const scope = new Scope({ name: "test" });
  const downloads = new ModelDownloads({
    catalog: await readModelCatalog(catalogPath),
    maxBytes: 1_000_000,
    directory,
    logger: createLog({ logLevel: "silent" }),
    clock: systemClock,
    scope,
  });
  onTestFinished(() => downloads.shutdown());
  const over = async ({ id }: DownloadView): Promise<DownloadView> => {
    await vi.waitFor(() => expect(downloads.get(id).view.state).toMatch(/^(completed|failed|cancelled)$/), {
      timeout: 10_000,
    });
    return downloads.get(id).view;
  };
  /** Begins with the first bytes on the disk. */
  const begun = async (name: string): Promise<DownloadView> => {
    const view = await downloads.start(name);
    await vi.waitFor(
      () => expect(downloads.get(view.id).view.receivedBytes).toBeGreaterThanOrEqual(100_000),
      PATIENTLY,
    );
    return downloads.get(view.id).view;
  };
  const files = async () => (await readdir(directory)).filter((name) => name !== ".servers");
  /** What is alive besides the lease of the folder, which is held as long as the server runs. */
  const resources = () => scope.resources().filter(({ owner }) => !owner.includes("folder"));
  return { server, directory, scope, resources, downloads, over, begun, files, catalogPath };
}

describe("a download of a model", () => {
  it("ends with a whole file of the model's name, and nothing else", async () => {
    const { downloads, over, files, directory, resources } = await setUp({
      a: { url: "/redirected", bytes: MODEL.byteLength },
    });
    const view = await downloads.start("a");
    expect(view).toMatchObject({ name: "a", state: "running", receivedBytes: 0, totalBytes: MODEL.byteLength });
    expect(await over(view)).toEqual({
      ...view,
      state: "completed",
      receivedBytes: MODEL.byteLength,
      error: undefined,
    });
    expect(await files()).toEqual(["a"]);
    expect(await readFile(join(directory, "a"))).toEqual(MODEL);
    expect(resources()).toEqual([]);
    await expect(downloads.start("a")).rejects.toMatchObject({ status: 409, code: "already_present" });
  });

  it.each([
    ["has another checksum", { sha256: sha256(Buffer.from("else")) }, "wrong_checksum"],
    ["is longer than it should be", { bytes: 1_000 }, "wrong_size"],
    ["is shorter than it should be", { bytes: 1_000_000 }, "wrong_size"],
    ["breaks off", { url: "/cut" }, "interrupted"],
    ["is not there", { url: "/absent" }, "bad_answer"],
    ["leads in circles", { url: "/circle" }, "bad_answer"],
    // Field report 108.
    ["leads to a private address that the catalogue does not name", { url: "/inwards" }, "private_address"],
    ["leads to a name of a private address", { url: "/inwards-by-name" }, "private_address"],
    ["has more bytes than allowed, and says so", { url: "/large" }, "too_large"],
    ["has no end and no size", { url: "/endless" }, "too_large"],
    ["has a server that does not answer", { url: "http://127.0.0.1:1/" }, "unreachable"],
  ])("that %s leaves nothing, says why, and can be tried again", async (_, entry, reason) => {
    const { downloads, over, files, resources } = await setUp({ a: entry });
    const view = await over(await downloads.start("a"));
    expect(view).toMatchObject({ state: "failed", error: { code: reason, message: expect.stringMatching(/\.$/) } });
    expect(view.error?.message).not.toContain("127.0.0.1");
    expect(await files()).toEqual([]);
    expect(resources()).toEqual([]);
    expect((await downloads.start("a")).state).toBe("running");
  });

  it("that is cancelled is gone with its process and its partial file, and others go on", async () => {
    const { downloads, begun, over, files, scope, server } = await setUp({ a: { url: "/slow" }, b: { url: "/slow" } });
    const [first, second] = await Promise.all([begun("a"), begun("b")]);
    expect(await files()).toEqual([expect.stringMatching(/^a\..*\.tmp$/), expect.stringMatching(/^b\..*\.tmp$/)]);
    await downloads.get(first.id).cancel();
    expect(downloads.get(first.id).view.state).toBe("cancelled");
    expect(await files()).toEqual([expect.stringMatching(/^b\..*\.tmp$/)]);
    expect(scope.resources().filter(({ owner }) => owner.includes("download of a"))).toEqual([]);
    server.finish();
    expect((await over(second)).state).toBe("completed");
    await downloads.get(second.id).cancel();
    expect(downloads.get(second.id).view.state).toBe("completed");
    expect(await files()).toEqual(["b"]);
  });

  it("that crashes leaves nothing and says so", async () => {
    const { begun, over, files } = await setUp({ a: { url: "/slow" } });
    const children = childrenOf(process.pid);
    const view = await begun("a");
    const [pid = 0] = childrenOf(process.pid).filter((child) => !children.includes(child));
    process.kill(pid, "SIGKILL");
    expect(await over(view)).toMatchObject({ state: "failed", error: { code: "crashed" } });
    expect(await files()).toEqual([]);
  });

  it("stands still while it is paused, and goes on", async () => {
    const { begun, downloads, over, server } = await setUp({ a: { url: "/slow" } });
    const { id } = await begun("a");
    downloads.get(id).pause();
    expect(downloads.get(id).view.state).toBe("paused");
    server.finish();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(downloads.get(id).view).toMatchObject({ state: "paused", receivedBytes: 100_000 });
    downloads.get(id).resume();
    expect((await over(downloads.get(id).view)).state).toBe("completed");
  });

  it("can be cancelled while it is paused", async () => {
    const { begun, downloads, files } = await setUp({ a: { url: "/slow" } });
    const { id } = await begun("a");
    downloads.get(id).pause();
    await downloads.get(id).cancel();
    expect(await files()).toEqual([]);
  });
});

describe("downloads of models", () => {
  it("refuse what the catalogue does not name, a second one of the same, and more than two at once", async () => {
    const { downloads, begun } = await setUp({ a: { url: "/slow" }, b: { url: "/slow" } });
    for (const name of ["", "d", "../a", "a/../a", "constructor"]) {
      await expect(downloads.start(name)).rejects.toMatchObject({ status: 404, code: "unknown_model" });
    }
    const both = begun("a");
    await expect(downloads.start("a")).rejects.toMatchObject({ status: 409, code: "already_downloading" });
    await both;
    await expect(downloads.start("a")).rejects.toMatchObject({ status: 409, code: "already_downloading" });
    await begun("b");
    await expect(downloads.start("c")).rejects.toMatchObject({ status: 429, code: "too_many_downloads" });
  });

  it("all end when the server does, and none begins any more", async () => {
    const { downloads, begun, files, resources } = await setUp({ a: { url: "/slow" }, b: { url: "/slow" } });
    await Promise.all([begun("a"), begun("b")]);
    await downloads.shutdown();
    expect(await files()).toEqual([]);
    expect(resources()).toEqual([]);
    await expect(downloads.start("c")).rejects.toMatchObject({ status: 503, code: "stopping" });
  });

  it("are told as Server-Sent Events from how they stand to their end", async () => {
    const { downloads, begun, server, scope, resources } = await setUp({ a: { url: "/slow" } });
    const api = new Api({
      config: { api: "open", token: undefined, allowedOrigins: [], allowedHosts: [] },
      downloads,
      archive: new SessionArchive({ directory: "/nonexistent", liveRecordings: () => [] }),
      logger: createLog({ logLevel: "silent" }),
      scope,
      resources: () => ({}),
    });
    const url = await loopbackServer((request, response) => api.handle(request, response, request.url ?? ""));
    const { id } = await begun("a");
    const response = await fetch(`${url}/api/models/downloads/${id}/events`);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    server.finish();
    const events = (await response.text()).trim().split("\n\n");
    const told = events.map((event) => JSON.parse(event.split("\ndata: ")[1] ?? "") as DownloadView);
    expect(told[0]).toMatchObject({ id, state: "running", receivedBytes: 100_000, totalBytes: MODEL.byteLength });
    expect(told.at(-1)).toMatchObject({ id, state: "completed", receivedBytes: MODEL.byteLength });
    expect(events.at(-1)).toMatch(/^event: completed\n/);
    const late = await fetch(`${url}/api/models/downloads/${id}/events`);
    expect(await late.text()).toMatch(/^event: completed\n/);
    await vi.waitFor(() => expect(resources()).toEqual([]));
  });
});

describe("a catalogue of models", () => {
  it.each([
    ["{", "readable JSON"],
    ["[]", "a JSON object"],
    ['{"../a":{}}', '"../a" is not'],
    ['{"a":{"url":"file:///etc/passwd"}}', '"url"'],
    ['{"a":{"url":"http://x/","sha256":"12"}}', '"sha256"'],
    [`{"a":{"url":"http://x/","sha256":"${"0".repeat(64)}","bytes":-1}}`, '"bytes"'],
  ])("that is %s is refused at the start in one sentence", async (text, why) => {
    const path = join(await temporaryFolder(), "catalog.json");
    await writeFile(path, text);
    await expect(readModelCatalog(path)).rejects.toThrow(
      new RegExp(`^LX_MODEL_CATALOG is .* and must be .*${why}.*\\.$`),
    );
  });
});

describe("the backend", () => {
  it("downloads by its API, and takes a download along when it is killed", async () => {
    const { server, catalogPath } = await setUp({ a: { url: "/slow" } });
    const modelDir = join(await temporaryFolder(), "elsewhere");
    await mkdir(modelDir);
    const env = {
      LX_ENGINE: "segmenter",
      LX_MODEL_CATALOG: catalogPath,
      LX_MODEL_DIR: modelDir,
      LX_TOKEN: "s3cret",
    };
    await using backend = await BackendProcess.start({ env });
    const headers = { authorization: "Bearer s3cret", "content-type": "application/json" };
    const post = async (name: string) => {
      const answer = await fetch(`${backend.url}/api/models/download`, {
        method: "POST",
        headers,
        body: JSON.stringify({ name }),
      });
      expect(answer.status).toBe(202);
      return answer.headers.get("location") ?? "";
    };
    const get = async (location: string, method = "GET") =>
      (await (await fetch(`${backend.url}${location}`, { method, headers })).json()) as DownloadView;
    const whole = await post("b");
    await vi.waitFor(async () => expect((await get(whole)).state).toBe("completed"), { timeout: 10_000 });
    const cancelled = await post("a");
    await vi.waitFor(async () => expect((await get(cancelled)).receivedBytes).toBe(100_000), { timeout: 10_000 });
    expect((await get(cancelled, "DELETE")).state).toBe("cancelled");
    expect((await readdir(modelDir)).filter((name) => name !== ".servers")).toEqual(["b"]);

    const dying = await post("a");
    await vi.waitFor(async () => expect((await get(dying)).receivedBytes).toBe(100_000), { timeout: 10_000 });
    const children = childrenOf(backend.pid);
    const closed = once(server.slow.at(-1) ?? expect.unreachable(), "close");
    await backend.kill9();
    await closed;
    await vi.waitFor(() => expect(children.filter(isProcessAlive)).toEqual([]), { timeout: 5_000 });
    expect((await readdir(modelDir)).filter((name) => name !== ".servers")).toEqual(["b"]);
    expect(backend.log).not.toContain("s3cret");
    expect(backend.log).not.toContain(server.url);
  });
});

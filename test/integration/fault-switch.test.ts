import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Fault } from "../../examples/server/faults/fault.js";
import { BackendProcess } from "../support/backend-process.js";
import { RawClient } from "../support/raw-client.js";

const DURATION_MS = 600;

let backend: BackendProcess;
beforeAll(async () => {
  backend = await BackendProcess.start({ args: ["--demo", "on"], env: { LX_ENGINE: "segmenter" } });
});
afterAll(() => backend[Symbol.asyncDispose]());

let lines = 0;
function newLine() {
  lines += 1;
  const line = `line-of-a-test-${String(lines).padStart(4, "0")}`;
  return { line, url: `${backend.webSocketUrl}?line=${line}` };
}

const post = (body: object, headers = {}): Promise<Response> =>
  fetch(`${backend.url}/api/faults`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

async function suffer(line: string, fault: Fault): Promise<void> {
  const { status } = await post({ line, fault, durationMs: DURATION_MS });
  expect(status).toBe(200);
}

/** How long a ping takes to the server and back, in milliseconds. */
async function ping({ socket }: RawClient): Promise<number> {
  const sentAt = performance.now();
  const answered = new Promise((resolve) => socket.once("pong", resolve));
  socket.ping();
  await answered;
  return performance.now() - sentAt;
}

async function open(url: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  client.hello();
  await client.until("session.new");
  return client;
}

describe("the switch that makes a connection bad", () => {
  it("resets the page's connections, refuses new ones for a while, and lets everybody else's alone", async () => {
    const { line, url } = newLine();
    const [own, other] = [await open(url), await open(backend.webSocketUrl)];
    await suffer(line, "cut");
    await own.untilClosed();
    expect(own.closed?.code).toBe(1006);
    const refused = await RawClient.connect(url);
    expect(refused.closed?.code).toBe(1006);
    expect(await ping(other)).toBeLessThan(DURATION_MS);
    expect(other.socket.readyState).toBe(WebSocket.OPEN);
    await new Promise((resolve) => setTimeout(resolve, DURATION_MS));
    const back = await open(url);
    for (const client of [back, other]) client.socket.close();
  });

  it("holds everything back in a black hole, new connections as well, and delivers it afterwards", async () => {
    const { line, url } = newLine();
    const own = await open(url);
    await suffer(line, "black-hole");
    const connecting = open(url);
    expect(await ping(own)).toBeGreaterThan(DURATION_MS - 100);
    expect(own.closed).toBeUndefined();
    for (const client of [own, await connecting]) client.socket.close();
  });

  it("lets 16,000 bytes a second through on a slow line, and all at once when it is over", async () => {
    const { line, url } = newLine();
    const own = await open(url);
    await suffer(line, "slow");
    const sentAt = performance.now();
    // Four seconds of the slow line.
    for (let position = 0; position < 32_000; position += 320) own.sendFrame(position);
    await own.untilAcknowledged(3_200);
    expect(performance.now() - sentAt).toBeGreaterThan(250);
    await own.untilAcknowledged(32_000);
    expect(performance.now() - sentAt).toBeGreaterThan(DURATION_MS - 100);
    expect(performance.now() - sentAt).toBeLessThan(3_000);
    own.socket.close();
  });

  it.each([
    ["no line", { fault: "cut", durationMs: 1 }],
    ["a name that anybody could guess", { line: "1", fault: "cut", durationMs: 1 }],
    ["another fault", { line: "line-of-a-test-0000", fault: "fire", durationMs: 1 }],
    ["no end", { line: "line-of-a-test-0000", fault: "cut" }],
    ["an end too far away", { line: "line-of-a-test-0000", fault: "cut", durationMs: 60_001 }],
  ])("refuses a wish with %s", async (_, body) => {
    const answer = await post(body);
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
      400,
      "invalid_request",
    ]);
  });

  it("refuses pages of foreign origins", async () => {
    const body = { line: "line-of-a-test-0000", fault: "cut", durationMs: 1 };
    expect((await post(body, { origin: "https://foreign.example" })).status).toBe(403);
  });

  it("is announced to the demo page, with what the API offers", async () => {
    expect(await (await fetch(`${backend.url}/demo.json`)).json()).toEqual({ faults: true, api: "open" });
  });

  it("is not there unless it was asked for", async () => {
    await using plain = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_API: "open" } });
    expect(await (await fetch(`${plain.url}/demo.json`)).json()).toEqual({ faults: false, api: "open" });
    const { line } = newLine();
    const answer = await fetch(`${plain.url}/api/faults`, { method: "POST", body: JSON.stringify({ line }) });
    expect(answer.status).toBe(404);
    // The line's name means nothing there.
    const client = await open(`${plain.webSocketUrl}?line=${line}`);
    client.socket.close();
  });
});

import * as crypto from "node:crypto";
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { JsonWebTokens } from "../../examples/server/door/json-web-tokens.js";
import { runSnippet, snippetOf } from "../support/run-snippet.js";

const SECRET = "a secret of more than thirty-two bytes";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The server that the page shows, for a person who has signed in, or for nobody. */
async function tokenServer(person: string | undefined): Promise<{ server: http.Server; url: string }> {
  vi.stubEnv("LX_JWT_SECRET", SECRET);
  const snippet = snippetOf("docs/tokens.md", "ts", "issueToken");
  const modules = { "node:crypto": crypto, "node:http": http };
  const server = (await runSnippet(snippet, modules, { signedIn: () => person })).server as http.Server;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/speech-token` };
}

async function end(server: http.Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}

test("the server of the page about tokens issues one that the reference backend takes, to who has signed in", async () => {
  const { server, url } = await tokenServer("ann");
  const token = await (await fetch(url, { method: "POST" })).text();
  await end(server);
  const check = (audience: string) =>
    new JsonWebTokens({ secret: SECRET, keys: undefined, issuer: "https://example.org", audience }).check(token);
  expect(await check("speech")).toMatchObject({ granted: true, subject: "ann" });
  expect(await check("something else")).toMatchObject({ granted: false });
});

test("the server of the page about tokens issues none to others", async () => {
  const { server, url } = await tokenServer(undefined);
  const { status } = await fetch(url, { method: "POST" });
  await end(server);
  expect(status).toBe(403);
});

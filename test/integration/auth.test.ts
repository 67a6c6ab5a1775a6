import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { besideAHealthyStream } from "../support/healthy-stream.js";
import { RawClient } from "../support/raw-client.js";
import { PATIENTLY } from "../support/waiting.js";

const SECRET = "a secret of more than thirty-two bytes";

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({
    // The token of the API is not the clients'.
    env: { LX_ENGINE: "segmenter", LX_JWT_SECRET: SECRET, LX_TOKEN: "for-the-api-91c0", LX_LOG_LEVEL: "trace" },
    args: ["--auth", "jwt"],
  });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

const sign = (expiresInSec: number, secret = SECRET): Promise<string> =>
  new SignJWT({ sub: "speaker", exp: Math.floor(Date.now() / 1_000) + expiresInSec })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));

async function hello(token: string | undefined): Promise<RawClient> {
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello({ token });
  return client;
}

describe("a server that asks for JSON Web Tokens", () => {
  it("turns away who has none that is good, finally and with a sentence, beside a speaker who has one", async () => {
    const good = await sign(3_600);
    const refused: [token: string | undefined, sentence: string][] = [
      [undefined, "The token is missing; this server asks for a JSON Web Token."],
      ["for-the-api-91c0", "The token is no JSON Web Token that this server can check."],
      [await sign(-60), "The token has expired."],
      [await sign(60, "the secret of somebody else, long enough"), "The token's signature is wrong."],
    ];
    const said: string[] = [];
    await besideAHealthyStream(
      backend,
      async () => {
        for (const [token, sentence] of refused) {
          const client = await hello(token);
          expect(await client.untilClosed()).toEqual({ code: 4401, reason: sentence });
          const errors = client.messages("server.error").map(({ data }) => data);
          expect(errors).toEqual([{ code: "unauthorized", detail: sentence }]);
          said.push(JSON.stringify(client.received), client.closed?.reason ?? "");
        }
      },
      { getToken: () => good },
    );
    await expect.poll(() => backend.log, PATIENTLY).toContain("Closed a connection.");
    for (const token of [good, ...refused.map(([token]) => token)]) {
      if (token === undefined) continue;
      expect(backend.log).not.toContain(token);
      expect(said.join()).not.toContain(token);
    }
    expect(backend.log).not.toContain(SECRET);
  });

  it("takes what a client sends while its token is checked", async () => {
    const client = await hello(await sign(60));
    client.sendFrame(0);
    await client.untilAcknowledged(320);
    client.socket.close(1000);
  });
});

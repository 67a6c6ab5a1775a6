import { describe, expect, it } from "vitest";
import { createLog } from "../../examples/server/logging/log.js";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
const SECRET = 'se"cret of clients';

function write(log: (logger: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  const config = { logLevel: "info", token: SECRET, jwtSecret: "k".repeat(32) } as const;
  log(createLog(config, { write: (line) => lines.push(line) }));
  for (const line of lines) JSON.parse(line);
  return lines.join("");
}

describe("the log", () => {
  it.each<readonly [string, (logger: ReturnType<typeof createLog>) => void, string]>([
    ["a field", (log) => log.info({ token: SECRET }, "x"), SECRET],
    ["a field of a message", (log) => log.info({ message: { data: { token: JWT } } }, "x"), JWT],
    ["a field that nobody thought of", (log) => log.info({ a: { b: { c: { d: SECRET } } } }, "x"), "cret of clients"],
    ["the text of an error", (log) => log.error({ err: new Error(`bad token ${JWT}`) }, "x"), JWT],
    ["an address", (log) => log.warn({ url: `/v1/stream?token=${encodeURIComponent(SECRET)}` }, "x"), "cret%20of"],
    ["a header", (log) => log.warn(`authorization: Bearer abc.def-123`), "abc.def-123"],
    ["the secret of tokens", (log) => log.warn(`key ${"k".repeat(32)}`), "k".repeat(32)],
  ])("has no token, though somebody logs it in %s", (_, log, secret) => {
    const said = write(log);
    expect(said).toContain('"msg"');
    expect(said).not.toContain(secret);
  });

  it("has everything else", () => {
    expect(write((log) => log.info({ session: "0123abcd" }, "A session began."))).toContain('"session":"0123abcd"');
  });
});

import { parseClientMessage, parseServerMessage } from "loquilex/protocol";
import { expect, test } from "vitest";
import { checkSnippets } from "../support/check-snippets.js";
import { SNIPPETS } from "../support/manual.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** The compiler reads all sources, which a busy machine takes its time for. */
const TIMEOUT_MS = 180_000;

test("every script of the manual fits the types of the package", { timeout: TIMEOUT_MS }, async () => {
  const { scripts, faults } = await checkSnippets(SNIPPETS, await temporaryFolder());
  expect(faults).toEqual([]);
  expect(scripts).toBeGreaterThan(10);
});

test("a script that does not fit is found, with its line, even in JavaScript", { timeout: TIMEOUT_MS }, async () => {
  const code =
    'import { createMicrophoneStream } from "loquilex";\ncreateMicrophoneStream("wss://example.org").begin();\n';
  const wrong = { page: "docs/page.md", line: 12, language: "js", code };
  const { faults } = await checkSnippets([wrong], await temporaryFolder());
  expect(faults).toEqual([expect.stringMatching(/docs-page\.md-12\.js\(13,.*'begin'/)]);
});

test("the messages that are shown are messages of the protocol", () => {
  const messages = SNIPPETS.filter(({ language }) => language === "json")
    .flatMap(({ code }) => code.split(/\n(?=\{)/))
    .filter((text) => text.includes('"v": 1'));
  const types = messages.map(
    (text) => (text.includes("client.") ? parseClientMessage(text) : parseServerMessage(text)).t,
  );
  expect(types).toEqual(["client.hello", "server.welcome", "session.new", "audio.ack"]);
});

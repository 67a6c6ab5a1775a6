import * as LoquiLex from "loquilex";
import { expect, test } from "vitest";
import { FakeTransport } from "../support/fake-transport.js";
import { runSnippet, snippetOf } from "../support/run-snippet.js";

const PAGE = "docs/testing.md";

test("the stream of silence on the page about testing is acknowledged whole by a transport that answers", async () => {
  const { sendSilence } = await runSnippet(snippetOf(PAGE, "ts", "sendSilence"), { loquilex: LoquiLex });
  const send = sendSilence as (transport: LoquiLex.Transport) => Promise<number>;
  expect(await send(new FakeTransport())).toBe(500);
});

test("the transcript on the page about testing takes a caption of a stream that is played", async () => {
  await runSnippet(snippetOf(PAGE, "ts", "new CaptionEvent("), { loquilex: LoquiLex });
});

import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { writeTextFrame } from "../../examples/server/connection/text-frame.js";
import { ServerMessages } from "../bench/server/server-messages.js";

describe("a server's text message in one piece", () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])("is read again as it was, with %i characters", (length) => {
    const texts: string[] = [];
    const messages = new ServerMessages({ onText: (text) => texts.push(text), onClose: () => {} });
    const pieces: Buffer[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _, done) {
        pieces.push(chunk);
        messages.push(chunk);
        done();
      },
    });
    const sent = ["x".repeat(length), "é€😀".repeat(length / 8), `ÿ${"x".repeat(length)}`];
    for (const text of sent) writeTextFrame(stream, text);
    expect(texts).toEqual(sent);
    expect(pieces).toHaveLength(3);
  });
});

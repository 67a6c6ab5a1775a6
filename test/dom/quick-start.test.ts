import * as LoquiLex from "loquilex";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FakeAudio, installFakeAudio } from "../support/fake-audio.js";
import { FakeSocket } from "../support/fake-socket.js";
import { settle } from "../support/heard-capture.js";
import { type Snippet, scriptsIn } from "../support/manual.js";
import { runSnippet, snippetOf } from "../support/run-snippet.js";
import { sine } from "../support/signals.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

/** 100 ms of tone, in whole quanta. */
const TONE = sine(440, 48_000, 4_864, 0.5);

const page = snippetOf("README.md", "html", "<!doctype html>").code;
const MARKUP = page.replaceAll(/<!doctype html>|<script[\s\S]*?<\/script>/g, "");

const PROGRAMS = [
  ["the page with a script tag", { language: "js", code: scriptsIn(page)[0]?.code ?? "" }],
  ["the module", snippetOf("README.md", "js", "createTranscript(stream)")],
] as const;

expectNoUnhandledRejections();

let fake: FakeAudio;
let opened: LoquiLex.AudioStream[];

beforeEach(() => {
  fake = installFakeAudio();
  opened = [];
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("WebSocket", FakeSocket.asWebSocket());
  FakeSocket.made.length = 0;
});

afterEach(async () => {
  for (const stream of opened) {
    stream.abort();
    await stream.closed;
    expect(stream.resources()).toEqual([]);
  }
  expect(fake.liveTracks).toEqual([]);
  expect(fake.openContexts).toEqual([]);
  document.body.replaceChildren();
  vi.unstubAllGlobals();
  vi.useRealTimers();
  fake.uninstall();
});

/** Runs a program as the page would, with the package that takes note of its streams. */
async function run(program: Pick<Snippet, "code" | "language">): Promise<void> {
  document.body.innerHTML = MARKUP;
  const watched = {
    ...LoquiLex,
    createMicrophoneStream: (...given: Parameters<typeof LoquiLex.createMicrophoneStream>) => {
      const stream = LoquiLex.createMicrophoneStream(...given);
      opened.push(stream);
      return stream;
    },
  };
  await runSnippet(program, { loquilex: watched }, { LoquiLex: watched, fetchToken: async () => "a token" });
}

const click = (id: string): void => document.getElementById(id)?.click();
const shown = (id: string): string => document.getElementById(id)?.textContent ?? "";

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

/** The server takes the stream, and the microphone hears something. */
async function stream(): Promise<FakeSocket> {
  await pass(10);
  const socket = FakeSocket.last;
  socket.accept();
  await pass(10);
  socket.answer();
  fake.context.render(TONE);
  await pass(10);
  return socket;
}

describe.each(PROGRAMS)("%s in the README", (_, program) => {
  it("asks for nothing before the click", async () => {
    await run(program);
    await pass(100);
    expect(fake.prompts).toEqual([]);
    expect(FakeSocket.made).toEqual([]);
  });

  it("starts, shows captions, stops, and starts again", async () => {
    await run(program);
    for (const round of [1, 2, 3]) {
      click("start");
      const socket = await stream();
      expect(shown("state")).toBe("streaming");
      expect(fake.liveTracks).toHaveLength(1);
      const said = { text: `round ${round}`, segment_id: `s${round}`, final: true };
      socket.say("asr.final", said);
      await pass(10);
      expect(shown("captions")).toBe(`round ${round}`);
      click("stop");
      await pass(100);
      expect(shown("state")).toBe("closing");
      const position = socket.messages.flatMap((message) =>
        message.t === "client.end" ? [message.data.position] : [],
      );
      socket.say("session.end", { position: position[0] ?? 0, reason: "ended" });
      await pass(100);
      expect(shown("state")).toBe("closed");
      expect(shown("problem")).toBe("");
      expect(fake.liveTracks).toEqual([]);
    }
    expect(opened).toHaveLength(3);
  });

  it("begins anew if Start is clicked twice, with one microphone", async () => {
    await run(program);
    click("start");
    click("start");
    await stream();
    expect(shown("state")).toBe("streaming");
    expect(shown("problem")).toBe("");
    expect(fake.liveTracks).toHaveLength(1);
  });

  it("shows a sentence if the person refuses the microphone, and starts once it is allowed", async () => {
    fake.answer = new DOMException("Permission denied", "NotAllowedError");
    await run(program);
    click("start");
    await pass(100);
    expect(shown("state")).toBe("closed");
    expect(shown("problem")).toMatch(/^[A-Z].*microphone.*\.$/s);
    fake.answer = "grant";
    click("start");
    expect(shown("problem")).toBe("");
    await stream();
    expect(shown("state")).toBe("streaming");
  });

  it("shows a sentence at once if there is no server, and why it has given up a minute later", async () => {
    await run(program);
    click("start");
    await pass(10);
    fake.context.render(TONE);
    FakeSocket.last.drop();
    await pass(10);
    expect(shown("problem")).toMatch(/^[A-Z].*server.*\.$/s);
    expect(shown("state")).toBe("starting");
    for (let second = 0; second < 120 && shown("state") !== "closed"; second += 1) {
      for (const socket of FakeSocket.open) socket.drop();
      fake.context.render(TONE);
      await pass(1_000);
    }
    expect(shown("state")).toBe("closed");
    const error = opened[0]?.error;
    expect(error?.code).toBe("connect-failed");
    expect(shown("problem")).toBe(error?.message);
    expect(fake.liveTracks).toEqual([]);
  });

  it("shows a sentence if the server refuses for good", async () => {
    await run(program);
    click("start");
    await pass(10);
    const socket = FakeSocket.last;
    socket.accept();
    await pass(10);
    socket.say("server.error", { code: "forbidden_origin", detail: "This page may not connect." });
    socket.drop(4403);
    await pass(100);
    expect(shown("state")).toBe("closed");
    expect(shown("problem")).toContain("This page may not connect.");
  });
});

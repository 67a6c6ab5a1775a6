import * as LoquiLex from "loquilex";
import * as React from "react";
import * as jsxRuntime from "react/jsx-runtime";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FakeAudio, installFakeAudio } from "../support/fake-audio.js";
import { FakeSocket } from "../support/fake-socket.js";
import { settle } from "../support/heard-capture.js";
import { runSnippet, snippetOf } from "../support/run-snippet.js";
import { sine } from "../support/signals.js";

describe("the React component of the page about frameworks", () => {
  let fake: FakeAudio;

  beforeEach(() => {
    fake = installFakeAudio();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    vi.stubGlobal("WebSocket", FakeSocket.asWebSocket());
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
    fake.uninstall();
  });

  it("mounts twice without a microphone, streams after a click, and lets everything go when it is unmounted", async () => {
    const modules = { loquilex: LoquiLex, react: React, "react/jsx-runtime": jsxRuntime };
    const { Dictation } = await runSnippet(snippetOf("docs/frameworks.md", "tsx", "Dictation"), modules);
    const place = document.createElement("div");
    document.body.append(place);
    const root = createRoot(place);
    const component = React.createElement(Dictation as React.FC<{ url: string }>, { url: "wss://example.org/" });
    const pass = (ms: number) =>
      React.act(async () => {
        await vi.advanceTimersByTimeAsync(ms);
        await settle();
      });
    await React.act(async () => root.render(React.createElement(React.StrictMode, null, component)));
    expect(fake.prompts).toEqual([]);
    await React.act(async () => place.querySelector("button")?.click());
    await pass(10);
    FakeSocket.last.accept();
    await pass(10);
    FakeSocket.last.answer();
    fake.context.render(sine(440, 48_000, 4_864, 0.5));
    await pass(10);
    FakeSocket.last.say("asr.partial", { text: "hello", segment_id: "1" });
    await pass(10);
    expect(Array.from(place.querySelectorAll("p"), ({ textContent }) => textContent)).toEqual([
      "streaming",
      "hello",
      "",
    ]);
    expect(fake.liveTracks).toHaveLength(1);
    await React.act(async () => root.unmount());
    expect(fake.liveTracks).toEqual([]);
    expect(fake.openContexts).toEqual([]);
    await pass(1_000);
    place.remove();
  });
});

describe("the Svelte store of the page about frameworks", () => {
  it("calls back at once and after each change, until it is ended", async () => {
    const { textOf } = await runSnippet(snippetOf("docs/frameworks.md", "js", "textOf"), {});
    const stream = Object.assign(new EventTarget(), { signal: new AbortController().signal });
    const store = (
      textOf as (transcript: LoquiLex.Transcript) => { subscribe(run: (text: string) => void): () => void }
    )(LoquiLex.createTranscript(stream as never));
    const seen: string[] = [];
    const end = store.subscribe((text) => seen.push(text));
    const say = (text: string) =>
      stream.dispatchEvent(
        new LoquiLex.CaptionEvent({ text, final: false, segmentId: "1", from: 0, to: 1, words: [], replaces: [] }),
      );
    say("hello");
    end();
    say("unheard");
    stream.dispatchEvent(new Event("close"));
    expect(seen).toEqual(["", "hello"]);
  });
});

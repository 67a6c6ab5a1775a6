import * as LoquiLex from "loquilex";
import * as hooks from "loquilex/react";
import * as React from "react";
import * as jsxRuntime from "react/jsx-runtime";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FakeAudio, installFakeAudio } from "../support/fake-audio.js";
import { FakeSocket } from "../support/fake-socket.js";
import { settle } from "../support/heard-capture.js";
import { type Mount, svelteRecipe, vueRecipe } from "../support/run-recipe.js";
import { runSnippet, snippetOf } from "../support/run-snippet.js";
import { sine } from "../support/signals.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

const PAGE = "docs/frameworks.md";

/** React's components are shown under StrictMode, which mounts twice. */
async function reactRecipe(name: string): Promise<Mount> {
  const modules = { loquilex: LoquiLex, "loquilex/react": hooks, "react/jsx-runtime": jsxRuntime };
  const components = await runSnippet(snippetOf(PAGE, "tsx", `function ${name}`), modules);
  const component = components[name] as React.FC<{ url: string }>;
  return (target, props) => {
    const root = createRoot(target);
    React.act(() => root.render(React.createElement(React.StrictMode, null, React.createElement(component, props))));
    return () => React.act(() => root.unmount());
  };
}

const RECIPES: readonly (readonly [string, () => Promise<Mount>])[] = [
  ["React", () => reactRecipe("Dictation")],
  ["Next.js", () => reactRecipe("Captions")],
  ["Vue", () => vueRecipe(LoquiLex)],
  ["Svelte", () => svelteRecipe(LoquiLex)],
];

expectNoUnhandledRejections();

let fake: FakeAudio;
let shown: HTMLElement;

beforeEach(() => {
  fake = installFakeAudio();
  FakeSocket.made.length = 0;
  shown = document.createElement("main");
  document.body.append(shown);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("WebSocket", FakeSocket.asWebSocket());
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
});

afterEach(() => {
  shown.remove();
  vi.unstubAllGlobals();
  vi.useRealTimers();
  fake.uninstall();
});

const pass = (ms: number): Promise<void> =>
  React.act(async () => {
    await vi.advanceTimersByTimeAsync(ms);
    await settle();
  });

/** Presses the button of this name, which is the only one in some recipes. */
async function press(name: "Start" | "Stop"): Promise<void> {
  const buttons = Array.from(shown.querySelectorAll("button"));
  const button = buttons.find(({ textContent }) => textContent?.trim() === name);
  if (button === undefined) throw new Error(`There is no button ${name}.`);
  await React.act(async () => button.click());
  await pass(10);
}

const problem = (): string => shown.querySelector("[role=alert]")?.textContent ?? "";

/** The server takes the stream, and the microphone hears something. */
async function stream(): Promise<FakeSocket> {
  const socket = FakeSocket.last;
  socket.accept();
  await pass(10);
  socket.answer();
  fake.context.render(sine(440, 48_000, 4_864, 0.5));
  await pass(10);
  return socket;
}

describe.each(RECIPES)("the recipe for %s", (_, prepare) => {
  let unmount: () => void;

  beforeEach(async () => {
    unmount = (await prepare())(shown, { url: "wss://example.org/" });
    await pass(10);
    expect([fake.prompts, FakeSocket.made]).toEqual([[], []]);
  });

  afterEach(async () => {
    unmount();
    await pass(1_000);
    expect([fake.liveTracks, fake.openContexts, FakeSocket.open]).toEqual([[], [], []]);
  });

  it("shows what is spoken, stops, starts again, and turns the microphone off when it goes", async () => {
    for (const round of [1, 2]) {
      await press("Start");
      const socket = await stream();
      expect(fake.liveTracks).toHaveLength(1);
      socket.say("asr.final", { segment_id: "s1", text: `Round ${round}.` });
      socket.say("asr.partial", { segment_id: "s2", text: "how" });
      await pass(10);
      expect(shown.textContent).toMatch(new RegExp(`Round ${round}\\.\\s*how`));
      await press("Stop");
      expect(fake.liveTracks).toEqual([]);
      const [end] = socket.messages.flatMap((message) => (message.t === "client.end" ? [message.data] : []));
      socket.say("session.end", { position: end?.position ?? 0, reason: "ended" });
      await pass(100);
      expect(problem()).toBe("");
    }
    await press("Start");
    await stream();
    unmount();
    expect([fake.liveTracks, fake.openContexts]).toEqual([[], []]);
  });

  it("says a sentence if the microphone is refused, and starts once it is allowed", async () => {
    fake.answer = new DOMException("Permission denied", "NotAllowedError");
    await press("Start");
    await pass(100);
    expect(problem()).toMatch(/^[A-Z].*microphone.*\.$/s);
    fake.answer = "grant";
    await press("Start");
    expect(problem()).toBe("");
    await stream();
    expect(fake.liveTracks).toHaveLength(1);
  });

  it("says a sentence at once if there is no server, and goes on once there is one", async () => {
    await press("Start");
    fake.context.render(sine(440, 48_000, 4_864, 0.5));
    FakeSocket.last.drop();
    await pass(10);
    expect(problem()).toMatch(/^[A-Z].*server.*\.$/s);
    // Until the next attempt.
    for (let second = 0; second < 10 && FakeSocket.open.length === 0; second += 1) {
      fake.context.render(sine(440, 48_000, 4_864, 0.5));
      await pass(1_000);
    }
    await stream();
    expect(problem()).toBe("");
  });

  it("says what a server says that refuses for good", async () => {
    await press("Start");
    FakeSocket.last.accept();
    await pass(10);
    FakeSocket.last.say("server.error", { code: "forbidden_origin", detail: "This page may not connect." });
    FakeSocket.last.drop(4403);
    await pass(100);
    expect(problem()).toContain("This page may not connect.");
  });
});

describe("the Svelte store of the page about frameworks", () => {
  it("calls back at once and after each change, until it is ended", async () => {
    const { textOf } = await runSnippet(snippetOf(PAGE, "js", "textOf"), {});
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

import { type MicrophoneStreamHandle, useMicrophoneStream, useMicrophones, useTranscript } from "loquilex/react";
import { act, createElement, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServerEvent } from "../../src/stream/events/events.js";
import { BUILT_IN, type FakeAudio, HEADSET, installFakeAudio } from "../support/fake-audio.js";
import { FakeSocket } from "../support/fake-socket.js";
import { installObligingSockets } from "../support/obliging-socket.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

expectNoUnhandledRejections();

let fake: FakeAudio;
let root: Root;
let handle: MicrophoneStreamHandle<ServerEvent>;
const shown = document.createElement("div");

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  fake = installFakeAudio();
  fake.plug(BUILT_IN);
  installObligingSockets();
  root = createRoot(shown);
});
afterEach(async () => {
  await act(async () => root.unmount());
  await vi.waitFor(() => expect(handle.stream?.resources() ?? []).toEqual([]));
  expect(liveTracks()).toBe(0);
  fake.uninstall();
  vi.unstubAllGlobals();
});

const liveTracks = (): number => fake.liveTracks.length;

/** An application: its state, its captions, its microphones. */
function Captions({ url = "wss://example.org/", deviceId }: { url?: string; deviceId?: string }) {
  handle = useMicrophoneStream(url, { levelIntervalMs: 50, microphone: { deviceId } });
  const { finals, partial } = useTranscript(handle.stream);
  const labels = useMicrophones().map(({ label }) => label);
  const texts = [...finals.map(({ text }) => text), partial?.text ?? "…"];
  return createElement("p", null, [handle.state, handle.error?.name, ...texts, ...labels].join(" "));
}

const render = (props: { url?: string; deviceId?: string } = {}) =>
  act(async () => root.render(createElement(StrictMode, null, createElement(Captions, props))));

async function start(): Promise<void> {
  await act(async () => {
    void handle.start();
    await vi.waitFor(() => expect(fake.contexts.at(-1)?.nodes).toHaveLength(1));
    await vi.waitFor(() => expect(FakeSocket.made.at(-1)?.messages).toHaveLength(1));
    fake.contexts.at(-1)?.render(new Float32Array(4_800).fill(0.1));
    await vi.waitFor(() => expect(handle.stream?.state).toBe("streaming"));
  });
}

const say = (t: "asr.partial" | "asr.final", segment_id: string, text: string) =>
  act(async () => FakeSocket.last.say(t, { segment_id, text }));

describe("the hooks under StrictMode", () => {
  it("do nothing by themselves, and show what is spoken after a start", async () => {
    await render();
    expect(shown.textContent).toBe("idle  … Built-in");
    expect([fake.prompts.length, FakeSocket.made.length]).toEqual([0, 0]);
    await start();
    await say("asr.final", "s1", "Good morning.");
    await say("asr.partial", "s2", "how are");
    expect(shown.textContent).toBe("streaming  Good morning. how are Built-in");
    expect([liveTracks(), FakeSocket.open.length]).toEqual([1, 1]);
    await act(async () => fake.plug(BUILT_IN, HEADSET));
    expect(shown.textContent).toContain("Built-in Headset");
  });

  it("stop, and start again with a stream of its own and the address of the latest rendering", async () => {
    await render();
    await start();
    const first = handle.stream;
    await say("asr.final", "s1", "one");
    await act(() => handle.close());
    expect(shown.textContent).toBe("closed  one … Built-in");
    await render({ url: "wss://example.net/" });
    await start();
    expect(handle.stream).not.toBe(first);
    expect(FakeSocket.last.url).toMatch(/^wss:\/\/example\.net/);
    expect(shown.textContent).toBe("streaming  … Built-in");
  });

  it("turn the microphone off when the component goes, inside the unmounting", async () => {
    await render();
    await start();
    act(() => root.unmount());
    expect([liveTracks(), FakeSocket.open.length]).toEqual([0, 0]);
    await handle.start();
    expect(handle.stream?.state).toBe("closed");
    expect(fake.prompts).toHaveLength(1);
  });

  it("give back a microphone that is granted after the component has gone", async () => {
    fake.answer = "hold";
    await render();
    await act(async () => void handle.start());
    await vi.waitFor(() => expect(fake.prompts).toHaveLength(1));
    act(() => root.unmount());
    fake.prompts[0]?.grant();
    await vi.waitFor(() => expect(fake.tracks.at(-1)?.stopCalls).toBeGreaterThan(0));
    expect(liveTracks()).toBe(0);
  });

  it("have one stream for calls that overlap, and end it at once by abort()", async () => {
    await render();
    await act(async () => {
      void handle.start();
      void handle.start();
    });
    await start();
    expect(fake.prompts).toHaveLength(1);
    await act(async () => handle.abort());
    expect([handle.state, handle.error]).toEqual(["closed", undefined]);
    expect(liveTracks()).toBe(0);
  });

  it("show why a start failed, and start again after that", async () => {
    fake.answer = new DOMException("no", "NotAllowedError");
    await render();
    await act(() => handle.start());
    expect(shown.textContent).toBe("closed AudioStreamError … Built-in");
    fake.answer = "grant";
    await start();
    expect(shown.textContent).toBe("streaming  … Built-in");
    await act(async () => handle.abort());
    await render({ url: 5 as never });
    await act(() => handle.start());
    expect(handle).toMatchObject({ stream: undefined, state: "idle", error: expect.any(TypeError) });
  });

  it("show that another microphone is used than the chosen one, when audio flows", async () => {
    await render({ deviceId: "gone" });
    await start();
    expect(handle.warning).toMatchObject({ code: "device-fallback" });
  });

  it("keep their functions from one rendering to the next", async () => {
    await render();
    const { start, close, abort } = handle;
    await render({ url: "wss://example.net/" });
    expect(handle).toMatchObject({ start, close, abort });
  });
});

it("the hooks render on a server, and ask for nothing there", () => {
  expect(renderToString(createElement(Captions))).toContain("idle");
  expect(fake.prompts).toEqual([]);
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { mediaStream } from "../../src/capture/microphone/media-stream.js";
import {
  type FakeAudio,
  FakeAudioContext,
  FakeMediaStream,
  FakeNode,
  type FakeTrack,
  installFakeAudio,
} from "../support/fake-audio.js";
import { listenTo, samplesIn, settle } from "../support/heard-capture.js";
import { sine } from "../support/signals.js";

const second = sine(440, 48_000, 48_000, 0.5);

let fake: FakeAudio;
let ending: AbortController;
let track: FakeTrack;

beforeEach(() => {
  fake = installFakeAudio();
  ending = new AbortController();
  track = fake.newTrack();
});

afterEach(() => {
  ending.abort();
  fake.uninstall();
  vi.restoreAllMocks();
});

async function open(...args: Parameters<typeof mediaStream>) {
  const { heard, options } = listenTo(ending.signal);
  return { heard, capture: await mediaStream(...args).open(options) };
}

const streamOf = (...tracks: FakeTrack[]) => new FakeMediaStream(tracks) as unknown as MediaStream;

/** A node of the caller's own graph, and its context. */
async function givenNode() {
  const context = new FakeAudioContext(fake);
  await context.resume();
  const node = Object.assign(new FakeNode(), { context });
  return { context, node, asNode: () => node as unknown as AudioNode };
}

describe("sound that the page has already", () => {
  it("is captured from a stream's first audio track, without a prompt", async () => {
    const { heard, capture } = await open(streamOf(track));
    fake.context.render(second);
    await capture.stop();
    expect(samplesIn(heard)).toBe(16_000);
    expect(capture.track).toBe(track);
    expect(fake.prompts).toEqual([]);
  });

  it("is captured from a track", async () => {
    const { heard, capture } = await open(track.asTrack());
    fake.context.render(second);
    await capture.stop();
    expect(samplesIn(heard)).toBe(16_000);
  });

  it("needs no media devices", async () => {
    fake.define(globalThis.navigator, "mediaDevices", undefined);
    await expect(open(track.asTrack())).resolves.toBeDefined();
  });

  it("is captured from a node in the node's context, which stays open, and only its lead to the capture is cut", async () => {
    const { context, node, asNode } = await givenNode();
    const speakers = new FakeNode();
    node.connect(speakers);
    const { heard, capture } = await open(asNode());
    const [processor] = context.nodes;
    expect(node.outputs).toContain(processor);
    for (let at = 0; at < second.length; at += 128) processor?.render(second.subarray(at, at + 128), at);
    await capture.stop();
    expect(samplesIn(heard)).toBe(16_000);
    expect(capture.track).toBeUndefined();
    expect([...node.outputs]).toEqual([speakers]);
    expect(context.state).toBe("running");
    expect(fake.contexts).toEqual([context]);
  });

  it("stays the caller's: nothing of it is stopped when the stream is aborted", async () => {
    await open(streamOf(track));
    ending.abort();
    expect(track.stopCalls).toBe(0);
    expect(fake.openContexts).toEqual([]);
  });

  // BabylonJS/Babylon.js#18745, otalk/hark#9, field report 68
  it("is played by a muted element while it is captured, without which Chromium keeps a remote track silent", async () => {
    const make = vi.spyOn(document, "createElement");
    const playing = vi.spyOn(HTMLMediaElement.prototype, "play");
    const played: (FakeMediaStream | null)[] = [];
    vi.spyOn(HTMLMediaElement.prototype, "srcObject", "set").mockImplementation((stream) => {
      played.push(stream as unknown as FakeMediaStream | null);
    });
    await open(track.asTrack());
    const element = make.mock.results[0]?.value as HTMLAudioElement;
    expect(element.muted).toBe(true);
    expect(played.map((stream) => stream?.getTracks())).toEqual([[track]]);
    expect(playing).toHaveBeenCalledOnce();
    ending.abort();
    expect(played.at(-1)).toBeNull();
    expect(element.paused).toBe(true);
    expect(track.stopCalls).toBe(0);
  });

  it("is not played where it is a node, which sounds by itself", async () => {
    const make = vi.spyOn(document, "createElement");
    await open((await givenNode()).asNode());
    expect(make).not.toHaveBeenCalled();
  });

  it("that the page stops, of which there is no event, ends the stream too", async () => {
    vi.useFakeTimers();
    const opening = open(streamOf(track));
    await vi.advanceTimersByTimeAsync(0);
    const { heard } = await opening;
    fake.context.render(second);
    track.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    await settle();
    expect(heard.ends.map(({ code }) => code)).toEqual(["device-lost"]);
    expect(samplesIn(heard)).toBe(16_000);
    vi.useRealTimers();
  });

  it("that ends ends the stream with device-lost, after its last sample", async () => {
    const { heard } = await open(streamOf(track));
    fake.context.render(second);
    track.end();
    await settle();
    expect(heard.ends.map(({ code }) => code)).toEqual(["device-lost"]);
    expect(heard.ends[0]?.message).toContain("given track has ended");
    expect(samplesIn(heard)).toBe(16_000);
  });

  it("is followed when the page exchanges the track of a stream, also for one that it has stopped", async () => {
    vi.useFakeTimers();
    const given = new FakeMediaStream([track]);
    const { heard, capture } = await open(given as unknown as MediaStream);
    fake.context.render(second);
    const [other, third] = [fake.newTrack(), fake.newTrack()];
    given.removeTrack(track);
    given.addTrack(other);
    await vi.advanceTimersByTimeAsync(1_000);
    fake.context.render(second);
    expect(capture.track).toBe(other);
    other.stop();
    given.addTrack(third);
    await vi.advanceTimersByTimeAsync(1_000);
    fake.context.render(second);
    expect(capture.track).toBe(third);
    await capture.stop();
    expect(samplesIn(heard)).toBe(48_000);
    expect(heard.changes).toEqual(["requested: ", "requested: "]);
    expect({ ends: heard.ends, stopped: track.stopCalls, live: third.readyState }).toEqual({
      ends: [],
      stopped: 0,
      live: "live",
    });
    vi.useRealTimers();
  });

  it("is followed no more once the capture stops, however long its last samples take", async () => {
    vi.useFakeTimers();
    const given = new FakeMediaStream([track]);
    const { heard, capture } = await open(given as unknown as MediaStream);
    await vi.advanceTimersByTimeAsync(500);
    fake.node.dead = true;
    const stopping = capture.stop();
    given.removeTrack(track);
    given.addTrack(fake.newTrack());
    await vi.advanceTimersByTimeAsync(3_000);
    await stopping;
    expect(heard.changes).toEqual([]);
    vi.useRealTimers();
  });

  it("goes on from a track that ends to another of its stream, and otherwise keeps the one that it began with", async () => {
    vi.useFakeTimers();
    const second = fake.newTrack();
    const given = new FakeMediaStream([track, second]);
    const { heard, capture } = await open(given as unknown as MediaStream);
    given.removeTrack(second);
    given.removeTrack(track);
    await vi.advanceTimersByTimeAsync(2_000);
    given.addTrack(second);
    given.addTrack(track);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(capture.track).toBe(track);
    track.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(capture.track).toBe(second);
    second.end();
    await vi.advanceTimersByTimeAsync(0);
    await settle();
    expect(heard.changes).toEqual(["requested: "]);
    expect(heard.ends.map(({ code }) => code)).toEqual(["device-lost"]);
    vi.useRealTimers();
  });

  it("ends if the track that takes an ended one's place cannot be captured, and goes on if the one in use is live", async () => {
    vi.useFakeTimers();
    const given = new FakeMediaStream([track]);
    const { heard, capture } = await open(given as unknown as MediaStream);
    given.removeTrack(track);
    given.addTrack(fake.newTrack());
    fake.sourceError = new Error("of another rate");
    await vi.advanceTimersByTimeAsync(3_000);
    expect({ track: capture.track, ends: heard.ends }).toEqual({ track, ends: [] });
    track.end();
    await vi.advanceTimersByTimeAsync(1_000);
    await settle();
    expect(heard.ends.map(({ code }) => code)).toEqual(["device-lost"]);
    vi.useRealTimers();
  });

  it("may get its track until the stream starts, and is refused without one", async () => {
    const tracks: FakeTrack[] = [];
    const source = mediaStream({ getAudioTracks: () => tracks } as unknown as MediaStream);
    await expect(source.open(listenTo(ending.signal).options)).rejects.toMatchObject({ code: "capture-failed" });
    tracks.push(track);
    await expect(source.open(listenTo(ending.signal).options)).resolves.toMatchObject({ track });
  });

  it("has no device to be switched", async () => {
    const { capture } = await open(track.asTrack());
    await expect(capture.setDevice?.("other")).rejects.toMatchObject({ code: "unsupported" });
    const { capture: ofNode } = await open((await givenNode()).asNode());
    await expect(ofNode.setDevice?.("other")).rejects.toMatchObject({ code: "unsupported" });
  });

  it("of a node pauses and goes on without a gap, and asks for no microphone", async () => {
    const { context, asNode } = await givenNode();
    const { heard, capture } = await open(asNode());
    const [processor] = context.nodes;
    processor?.render(second.subarray(0, 12_672), 0);
    await capture.pause(true);
    processor?.render(second.subarray(0, 12_672), 12_672);
    await capture.resume();
    processor?.render(second.subarray(0, 12_672), 25_344);
    await capture.stop();
    expect(heard.frames.at(-1)?.position).toBeLessThan(8_448);
    expect(samplesIn(heard)).toBe(8_448);
    expect(fake.prompts).toEqual([]);
  });

  it("is refused at once, by name, where it is not sound", async () => {
    const { node, asNode } = await givenNode();
    const wrong = (input: unknown, options?: Parameters<typeof mediaStream>[1]) => () =>
      mediaStream(input as MediaStream, options);
    expect(wrong(undefined)).toThrow(/input must be a MediaStream/);
    expect(wrong("tab")).toThrow(/input must be a MediaStream/);
    expect(wrong({ kind: "video" })).toThrow(/audio MediaStreamTrack/);
    expect(wrong(Object.assign(new FakeNode(), { context: {} }))).toThrow(/OfflineAudioContext/);
    expect(wrong(Object.assign(new FakeNode(), { context: node.context, numberOfOutputs: 0 }))).toThrow(
      /without an output/,
    );
    expect(wrong(asNode(), { audioContext: new FakeAudioContext(fake).asContext() })).toThrow(/not the node's own/);
    expect(wrong(streamOf(track), { channels: "both" as "mix" })).toThrow(/channels/);
  });
});

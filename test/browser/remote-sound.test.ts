import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { expectReleased } from "./released.js";
import { TestSite } from "./test-site.js";

let backend: BackendProcess;
let site: TestSite;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  site = await TestSite.serve();
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

// BabylonJS/Babylon.js#18745, otalk/hark#9, field report 68
it("sound that comes over WebRTC is captured although the page plays it nowhere, and all of it is let go", async () => {
  await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  await browser.page.goto(site.url("/"));
  const loudest = await browser.page.evaluate(async (url) => {
    while (!("sdk" in globalThis)) await new Promise((resolve) => setTimeout(resolve, 10));
    // A page that was allowed to use the microphone tells its own addresses, which a call on one machine needs.
    const allowed = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of allowed.getTracks()) track.stop();
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: 440 });
    const outlet = new MediaStreamAudioDestinationNode(context);
    tone.connect(outlet);
    tone.start();
    const caller = new RTCPeerConnection();
    const callee = new RTCPeerConnection();
    caller.onicecandidate = ({ candidate }) => callee.addIceCandidate(candidate ?? undefined);
    callee.onicecandidate = ({ candidate }) => caller.addIceCandidate(candidate ?? undefined);
    const received = new Promise<MediaStreamTrack>((resolve) => {
      callee.ontrack = ({ track }) => resolve(track);
    });
    for (const track of outlet.stream.getTracks()) caller.addTrack(track, outlet.stream);
    await caller.setLocalDescription(await caller.createOffer());
    await callee.setRemoteDescription(caller.localDescription as RTCSessionDescription);
    await callee.setLocalDescription(await callee.createAnswer());
    await caller.setRemoteDescription(callee.localDescription as RTCSessionDescription);
    const remote = new MediaStream([await received]);

    const stream = new sdk.AudioStream({ source: sdk.mediaStream(remote), transport: sdk.webSocket(url) });
    let loudest = 0;
    stream.addEventListener("level", ({ peakLevel }) => {
      loudest = Math.max(loudest, peakLevel);
    });
    await stream.start();
    const deadline = performance.now() + 10_000;
    while (loudest < 0.1 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    await stream.close();
    caller.close();
    callee.close();
    await context.close();
    for (const track of [...outlet.stream.getTracks(), ...remote.getTracks()]) track.stop();
    return loudest;
  }, backend.webSocketUrl);
  expect(loudest).toBeGreaterThan(0.1);
  await expectReleased(browser);
  expect(browser.pageErrors).toEqual([]);
});

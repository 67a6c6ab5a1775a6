import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { expectEverythingOnDisk } from "../support/server-disk.js";
import { TcpProxy } from "../support/tcp-proxy.js";

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

const makeProxy = () => TcpProxy.listen({ targetPort: backend.port });
const through = (proxy: TcpProxy) => `ws://127.0.0.1:${proxy.port}/v1/stream`;
const QUICK = { reconnect: { initialDelayMs: 20, maxDelayMs: 20 } };

describe.concurrent("audio on the server's disk", () => {
  // deepgram/deepgram-js-sdk#448, speechmatics/speechmatics-js-sdk#163: a network blip ends the session.
  it("is whole after a reset in mid-speech, without a line of the application's", async () => {
    await using proxy = await makeProxy();
    await using stream = await NodeStream.start(through(proxy));
    await stream.captured(700);
    proxy.reset();
    await stream.reconnected(1);
    await stream.captured(2_000);
    await stream.close();
    await expectEverythingOnDisk(backend, stream);
    expect(stream.reconnections.map(({ resumed }) => resumed)).toEqual([true]);
    expect(stream.states).toEqual(["starting", "streaming", "reconnecting", "streaming", "closing", "closed"]);
  });

  it("is whole after half a second of black hole, a reset and one and a half seconds of refusal", async () => {
    await using proxy = await makeProxy();
    await using stream = await NodeStream.start(through(proxy));
    await stream.captured(1_000);
    proxy.blackHole("toServer");
    proxy.blackHole("toClient");
    await delay(500);
    proxy.refuse();
    proxy.reset();
    await delay(1_500);
    proxy.pass("toServer");
    proxy.pass("toClient");
    await proxy.accept();
    await stream.reconnected(1);
    await stream.captured(4_000);
    await stream.close();
    await expectEverythingOnDisk(backend, stream);
  });

  // socketio/socket.io#5363: frames in flight are lost or sent twice.
  it("holds no frame twice that arrived before its acknowledgement was lost", async () => {
    await using proxy = await makeProxy();
    await using stream = await NodeStream.start(through(proxy));
    await stream.captured(600);
    proxy.hold("toClient");
    const received = proxy.delivered("toServer");
    await proxy.until("a second of audio arrives", () => proxy.delivered("toServer") > received + 33_000);
    proxy.reset();
    proxy.pass("toClient");
    await stream.reconnected(1);
    await stream.captured(2_500);
    await stream.close();
    await expectEverythingOnDisk(backend, stream);
  });

  // socketio/socket.io#5363, HumeAI/hume-react-sdk#330
  it("is whole wherever in a frame the connection is cut, in either direction, time after time", async () => {
    await using proxy = await makeProxy();
    await using stream = await NodeStream.start(through(proxy), QUICK);
    for (const [index, bytes] of [1, 13, 659, 1_501].entries()) {
      await stream.captured(stream.source.samplesCaptured / 16 + 200);
      proxy.cutAfter("toServer", bytes);
      await stream.reconnected(2 * index + 1);
      proxy.cutAfter("toClient", 3 + index * 17);
      await stream.reconnected(2 * index + 2);
    }
    await stream.close();
    await expectEverythingOnDisk(backend, stream);
  });

  it("is whole when the answer to the resume itself is cut off", async () => {
    await using proxy = await makeProxy();
    await using stream = await NodeStream.start(through(proxy), QUICK);
    await stream.captured(500);
    // The handshake takes the first 129 bytes or so, then come welcome, snapshot and answer.
    for (const bytes of [10, 150, 400, 700]) {
      const before = proxy.connectionCount;
      proxy.reset();
      proxy.cutAfter("toClient", bytes);
      await proxy.until("a further connection after the cut one", () => proxy.connectionCount >= before + 2);
    }
    await stream.captured(3_000);
    await stream.close();
    await expectEverythingOnDisk(backend, stream);
  });

  // alphacep/vosk-server#254, deepgram/deepgram-dotnet-sdk#420: the last words are missing.
  it("holds the last words, the short last frame included, when close() follows at once", async () => {
    await using proxy = await makeProxy();
    await using stream = await NodeStream.start(through(proxy));
    await stream.captured(300);
    await stream.close();
    expect(await stream.closed).toEqual({ outcome: "closed" });
    expect(stream.source.samplesCaptured % 320).toBe(112);
    await expectEverythingOnDisk(backend, stream);
    expect(stream.messages.filter(({ t }) => t === "asr.final").length).toBeGreaterThan(0);
  });

  // alphacep/vosk-server#254
  it("holds the last words when the connection breaks while close() waits", async () => {
    await using proxy = await makeProxy();
    await using stream = await NodeStream.start(through(proxy));
    await stream.captured(600);
    proxy.hold("toClient");
    const closing = stream.close();
    // The last frame has 252 bytes on the wire, so this is the goodbye behind it.
    const sent = proxy.delivered("toServer");
    await proxy.until("the goodbye arrives", () => proxy.delivered("toServer") > sent + 252);
    proxy.reset();
    proxy.pass("toClient");
    await closing;
    expect(proxy.connectionCount).toBe(2);
    await expectEverythingOnDisk(backend, stream);
  });

  // deepgram-starters/node-live-transcription#9: the first words are missing.
  it("holds the first words when the server takes three seconds to answer", async () => {
    await using proxy = await makeProxy();
    proxy.hold("toClient");
    await using stream = new NodeStream(through(proxy));
    const started = stream.stream.start();
    await delay(3_000);
    expect(stream.stream.state).toBe("starting");
    proxy.pass("toClient");
    await started;
    await stream.captured(4_000);
    await stream.close();
    expect(proxy.connectionCount).toBe(1);
    await expectEverythingOnDisk(backend, stream);
  });

  // deepgram-starters/node-live-transcription#9
  it("holds the first words when the server can only be reached after two seconds", async () => {
    await using proxy = await makeProxy();
    proxy.refuse();
    await using stream = new NodeStream(through(proxy));
    const started = stream.stream.start();
    await delay(2_000);
    await proxy.accept();
    await started;
    await stream.close();
    await expectEverythingOnDisk(backend, stream);
  });

  // h3js/crossws#198: replay mixes with live, and binary messages change places.
  it("is whole and in order when live frames come while half a minute of backlog is sent", async () => {
    await using proxy = await makeProxy();
    // Ten times real time: the backlog grows while the server takes at most four.
    await using stream = await NodeStream.start(through(proxy), { speed: 10, maxFrames: 1_000 });
    await stream.captured(1_000);
    proxy.refuse();
    proxy.reset();
    await stream.captured(15_000);
    await proxy.accept();
    await stream.captured(20_000);
    await stream.close();
    await expectEverythingOnDisk(backend, stream);
  });
});

import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { TcpProxy } from "../support/tcp-proxy.js";
import { eventually } from "./eventually.js";
import { SPEECH_TIMEOUT_MS, speakSentence } from "./speak-sentence.js";

const reconnected = (proxy: TcpProxy, count: number): Promise<void> =>
  proxy.until(`connection ${count + 1} is made`, () => proxy.connectionCount > count);

describe("a connection that breaks in the middle of speech", { timeout: SPEECH_TIMEOUT_MS }, () => {
  // socketio/socket.io#5363: frames in flight are lost, or sent twice and kept twice.
  it("three times, once after the server received and before it acknowledged, costs not a sample", async () => {
    const { stats, record } = await speakSentence(async ({ speech, proxy, startStream }) => {
      const stream = await startStream();

      await stream.captured(1_500);
      proxy.reset();
      await reconnected(proxy, 1);

      await stream.captured(3_500);
      proxy.hold("toClient");
      await proxy.until("an answer is held", () => proxy.held("toClient") > 0);
      // From here on the server receives, and keeps, what the page does not know to be kept.
      const before = await stream.stats();
      const received = proxy.delivered("toServer");
      await proxy.until("half a second of audio has arrived", () => proxy.delivered("toServer") > received + 16_000);
      expect((await stream.stats()).acknowledgedDurationMs).toBe(before.acknowledgedDurationMs);
      proxy.reset();
      proxy.pass("toClient");
      await reconnected(proxy, 2);

      await stream.captured(5_500);
      // An odd count of bytes: in the middle of a frame.
      proxy.cutAfter("toServer", 1_777);
      await reconnected(proxy, 3);

      await stream.captured(speech.durationMs);
      await stream.close();
      return stream;
    });
    expect(record.reconnections.map(({ resumed }) => resumed)).toEqual([true, true, true]);
    expect(stats.reconnectCount).toBe(3);
    expect(stats.framesRetransmitted).toBeGreaterThan(0);
  });

  // wireapp/wire-webapp#21477: looks connected, and nothing flows.
  it("without a sign of it, as when the network changes, is noticed by the silence and costs not a sample", async () => {
    const { stats } = await speakSentence(async ({ speech, proxy, startStream }) => {
      const stream = await startStream({ heartbeat: { intervalMs: 500, timeoutMs: 500 } });
      await stream.captured(2_000);
      proxy.blackHole("toServer");
      proxy.blackHole("toClient");
      await reconnected(proxy, 1);
      proxy.pass("toServer");
      proxy.pass("toClient");
      await stream.captured(speech.durationMs);
      await stream.close({ timeoutMs: 15_000 });
      return stream;
    });
    expect(stats.reconnectCount).toBeGreaterThan(0);
    expect(stats.framesRetransmitted).toBeGreaterThan(0);
  });

  it("while the server is gone for two seconds is made good when it is back", async () => {
    const { record } = await speakSentence(async ({ speech, proxy, startStream }) => {
      const stream = await startStream();
      await stream.captured(1_500);
      proxy.refuse();
      proxy.reset();
      await eventually(() => stream.state()).toBe("reconnecting");
      await delay(2_000);
      await proxy.accept();
      await stream.captured(speech.durationMs);
      await eventually(() => stream.state()).toBe("streaming");
      await stream.close();
      return stream;
    });
    expect(record.reconnections).toMatchObject([{ resumed: true }]);
  });
});

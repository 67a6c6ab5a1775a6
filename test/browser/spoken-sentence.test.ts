import { describe, expect, it } from "vitest";
import { SPEECH_TIMEOUT_MS, speakSentence } from "./speak-sentence.js";

describe("a sentence spoken into the page", { timeout: SPEECH_TIMEOUT_MS }, () => {
  it("is on the server's disk sample for sample, and the figures say so", async () => {
    const { stats, record, consoleErrors } = await speakSentence(async ({ speech, startStream }) => {
      const stream = await startStream();
      await stream.captured(speech.durationMs);
      await stream.close();
      return stream;
    });
    expect(stats.framesRetransmitted).toBe(0);
    expect(stats.reconnectCount).toBe(0);
    expect(record.states).toEqual(["starting", "streaming", "closing", "closed"]);
    expect(record.warnings).toEqual([]);
    expect(consoleErrors).toEqual([]);
  });
});

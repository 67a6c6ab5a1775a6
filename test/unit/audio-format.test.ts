import { describe, expect, it } from "vitest";
import type { AudioFormat } from "../../src/capture/source.js";
import { assemblyAI } from "../../src/dialects/assemblyai.js";
import { deepgram } from "../../src/dialects/deepgram.js";
import { deepgramFlux } from "../../src/dialects/deepgram-flux.js";
import { elevenLabs } from "../../src/dialects/elevenlabs.js";
import { gladia } from "../../src/dialects/gladia.js";
import { openAI } from "../../src/dialects/openai.js";
import { sherpaOnnx } from "../../src/dialects/sherpa-onnx.js";
import { soniox } from "../../src/dialects/soniox.js";
import { speechmatics } from "../../src/dialects/speechmatics.js";
import { vosk } from "../../src/dialects/vosk.js";
import { whisperLive } from "../../src/dialects/whisper-live.js";
import { opus } from "../../src/frames/opus/opus.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import type { Transport } from "../../src/transport/transport.js";
import { webSocket } from "../../src/transport/websocket.js";

const ADDRESS = "ws://service.test/";

const streamOver = (transport: Transport, options: AudioStreamOptions): AudioStream =>
  new AudioStream({ source: { open: () => Promise.reject(new Error("not called")) }, transport }, options);

const DIALECTS: Readonly<Record<string, { readonly make: () => Transport; readonly fits?: AudioStreamOptions }>> = {
  Deepgram: { make: deepgram, fits: { encoding: "mulaw" } },
  "Deepgram Flux": { make: deepgramFlux },
  AssemblyAI: { make: assemblyAI, fits: { encoding: "mulaw" } },
  Speechmatics: { make: speechmatics, fits: { encoding: "pcm_f32le" } },
  Gladia: { make: gladia, fits: { encoding: "mulaw" } },
  Soniox: { make: soniox, fits: { channelCount: 2 } },
  OpenAI: { make: openAI, fits: { sampleRate: 24_000 } },
  ElevenLabs: { make: elevenLabs, fits: { sampleRate: 48_000 } },
  Vosk: { make: () => vosk(ADDRESS), fits: { sampleRate: 8_000 } },
  WhisperLive: { make: () => whisperLive(ADDRESS) },
  "sherpa-onnx": { make: () => sherpaOnnx(ADDRESS, { sampleRate: 8_000 }), fits: { sampleRate: 8_000 } },
};

describe("audio of a format that a transport cannot send", () => {
  it.each(Object.entries(DIALECTS))(
    "is refused by %s when the stream is made, and other audio is not",
    (_, subject) => {
      const { make, fits = {} } = subject;
      expect(() => streamOver(make(), { encoding: opus() })).toThrow(
        expect.objectContaining({
          name: "TypeError",
          message: expect.stringMatching(/ here\. Use .*encoding "pcm_s16le"/),
        }),
      );
      expect(streamOver(make(), fits).state).toBe("idle");
    },
  );

  it.each<readonly [string, () => Transport, AudioStreamOptions]>([
    ["OpenAI", openAI, { sampleRate: 16_000 }],
    ["ElevenLabs", elevenLabs, { sampleRate: 12_000 }],
    ["WhisperLive", () => whisperLive(ADDRESS), { sampleRate: 48_000 }],
    ["sherpa-onnx", () => sherpaOnnx(ADDRESS), { sampleRate: 8_000 }],
  ])("names the rate that %s takes", (_, make, options) => {
    expect(() => streamOver(make(), options)).toThrow(/sampleRate (?:of )?\d/);
  });

  it("is refused by Gladia if it has two channels, each of which would be understood by itself", () => {
    expect(() => streamOver(gladia(), { channelCount: 2 })).toThrow(/channelCount 1/);
  });

  it("is shown to any transport that wants to see it, once for each stream", () => {
    const seen: AudioFormat[] = [];
    const transport: Transport = { ...webSocket(ADDRESS), checkFormat: (format) => void seen.push(format) };
    streamOver(transport, { encoding: "mulaw", sampleRate: 8_000, channelCount: 2 });
    expect(seen).toEqual([{ encoding: "mulaw", sampleRate: 8_000, channelCount: 2 }]);
  });
});

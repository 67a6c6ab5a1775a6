import { describe, expect, it } from "vitest";
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

type WithOptions = (options: never) => unknown;
type WithUrl = (url: never, options?: never) => unknown;

const WITH_OPTIONS: readonly (readonly [string, WithOptions])[] = [
  ["assemblyAI", assemblyAI],
  ["deepgram", deepgram],
  ["deepgramFlux", deepgramFlux],
  ["elevenLabs", elevenLabs],
  ["gladia", gladia],
  ["openAI", openAI],
  ["soniox", soniox],
  ["speechmatics", speechmatics],
];
const WITH_URL: readonly (readonly [string, WithUrl])[] = [
  ["sherpaOnnx", sherpaOnnx],
  ["vosk", vosk],
  ["whisperLive", whisperLive],
];

const tried = (make: WithOptions, wrong: unknown) => () => make(wrong as never);

describe("a dialect refuses, before anything is sent to anybody,", () => {
  it.each(WITH_OPTIONS)("what is no options: %s()", (_, make) => {
    for (const wrong of ["wss://my-own-server.example", null, 7]) {
      expect(tried(make, wrong)).toThrow(new TypeError(`options must be an object, and is ${String(wrong)}.`));
    }
    expect(tried(make, undefined)).not.toThrow();
    expect(tried(make, {})).not.toThrow();
  });

  it.each(WITH_OPTIONS)("an address that is none, and what the service cannot be told: %s()", (_, make) => {
    expect(tried(make, { url: "/v1/listen" })).toThrow('url must be an absolute address, and is "/v1/listen".');
    expect(tried(make, { url: 5 })).toThrow(TypeError);
    expect(tried(make, { url: "ftp://example.org" })).toThrow("must use ws, wss, http or https");
    expect(tried(make, { query: "model=nova" })).toThrow("query must be an object, and is model=nova.");
    expect(tried(make, { config: { size: 1n } })).toThrow("config must be what JSON can hold");
    expect(tried(make, { credential: "basic" })).toThrow("credential must be one of bearer, token");
    expect(tried(make, { sessionMs: "long" })).toThrow("sessionMs must be a number, and is long.");
    expect(tried(make, { url: new URL("wss://example.org"), query: {}, config: {}, sessionMs: 60_000 })).not.toThrow();
  });

  it.each(WITH_URL)("an address that is none, and what is no options: %s()", (_, make) => {
    for (const wrong of [undefined, null, 7, "", "ftp://example.org", { url: "ws://example.org" }]) {
      expect(() => make(wrong as never)).toThrow(/^The server's URL must/);
    }
    expect(() => make("ws://example.org" as never, null as never)).toThrow("options must be an object, and is null.");
    expect(() => make("ws://example.org" as never, { sampleRate: 0 } as never)).toThrow("sampleRate must be from");
    expect(() => make("ws://example.org" as never)).not.toThrow();
  });
});

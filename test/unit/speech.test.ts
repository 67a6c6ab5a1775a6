import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readWav, selectSpeech } from "../../examples/server/voices/speech.js";
import { answerTo, openVoice } from "../../examples/server/voices/voice.js";

/** A WAV file of chunks. */
function wav(...chunks: readonly (readonly [name: string, content: Buffer])[]): Uint8Array<ArrayBuffer> {
  const parts = chunks.flatMap(([name, content]) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(content.length);
    return [Buffer.from(name), size, content, Buffer.alloc(content.length % 2)];
  });
  return new Uint8Array(Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVE"), ...parts]));
}

function format(kind = 1, channels = 1, sampleRate = 16_000, bits = 16): Buffer {
  const content = Buffer.alloc(16);
  content.writeUInt16LE(kind, 0);
  content.writeUInt16LE(channels, 2);
  content.writeUInt32LE(sampleRate, 4);
  content.writeUInt16LE(bits, 14);
  return content;
}

describe("a WAV file to be said", () => {
  it("is read past chunks that say something else, in whole samples", () => {
    const file = readWav(
      wav(["LIST", Buffer.alloc(3)], ["fmt ", format(1, 2)], ["data", Buffer.from([1, 2, 3, 4, 5])]),
    );
    expect(file).toEqual({ kind: "file", sampleRate: 16_000, channels: 2, samples: new Uint8Array([1, 2, 3, 4]) });
  });

  it.each<[what: string, bytes: Uint8Array<ArrayBuffer>, why: string]>([
    ["something else", new Uint8Array(100), "no WAV file"],
    ["floats", wav(["fmt ", format(3, 1, 16_000, 32)], ["data", Buffer.alloc(8)]), "16-bit PCM"],
    ["six channels", wav(["fmt ", format(1, 6)], ["data", Buffer.alloc(12)]), "one or two channels"],
    ["192 kHz", wav(["fmt ", format(1, 1, 192_000)], ["data", Buffer.alloc(8)]), "96000"],
    ["sound of no format", wav(["data", Buffer.alloc(8)]), "does not say"],
    ["a format alone", wav(["fmt ", format()]), "no sound"],
  ])("is refused if it is %s", (_, bytes, why) => {
    expect(readWav(bytes)).toContain(why);
  });

  it("stops the start with a sentence if it is not there, or is no such file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "loquilex-speech-"));
    try {
      await expect(selectSpeech(join(folder, "none.wav"))).rejects.toThrow("no file can be read there");
      await writeFile(join(folder, "text.wav"), "text");
      await expect(selectSpeech(join(folder, "text.wav"))).rejects.toThrow("it is no WAV file");
      expect(await selectSpeech("off")).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("an echo", () => {
  const key = { sessionId: "s", epoch: 1 };
  const offer = { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 } as const;
  const frame = { flags: 0, position: 0, sampleCount: 1, payload: new Uint8Array([1, 2]) };

  it("is what the client says", () => {
    expect(openVoice({ kind: "echo" }, offer)).toBeDefined();
    const samples = new Uint8Array([1, 2]);
    expect(answerTo({ kind: "echo" }, key, frame)).toEqual({ type: "speak", key, samples });
    expect(answerTo(undefined, key, frame)).toBeUndefined();
  });

  it("is not for audio that would have to be decoded", () => {
    expect(openVoice({ kind: "echo" }, { ...offer, encoding: "opus" })).toBeUndefined();
  });
});

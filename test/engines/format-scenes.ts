import { setTimeout as delay } from "node:timers/promises";
import type { AudioEncoding, AudioStream } from "loquilex";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UNPROCESSED } from "../browser/page-stream.js";
import type { VirtualMicrophone } from "../support/engines/virtual-microphone.js";
import { wavChannels } from "../support/wav-channels.js";
import { readWavChunks } from "../support/wav-chunks.js";
import { type Part, SETTLE_MS, type Stage } from "./stage.js";
import { MicrophoneStumbled, StageRecording } from "./stage-recording.js";

declare global {
  /** What the scene has opened in the page. */
  var shared: {
    readonly track: MediaStreamTrack;
    readonly audioContext: AudioContext;
    readonly streams: AudioStream[];
  };
}

interface Format {
  readonly encoding: AudioEncoding;
  readonly channels: "left" | "stereo";
  /** What is to be heard in each channel. */
  readonly hears: readonly Part[];
}

const FORMATS: readonly Format[] = [
  { encoding: "pcm_s16le", channels: "stereo", hears: ["first", "third"] },
  { encoding: "pcm_f32le", channels: "left", hears: ["first"] },
  { encoding: "mulaw", channels: "left", hears: ["first"] },
];
const OPUS: Format = { encoding: "opus", channels: "left", hears: ["first"] };
/** Of speech at 24 kbit/s; 19.5 to 20 dB were measured. */
const MIN_OPUS_SNR_DB = 15;

/** What became of a stream. */
interface Kept {
  readonly sessionId: string;
  readonly samplesCaptured: number;
}

export function formatScenes(stage: () => Stage): void {
  let microphone: VirtualMicrophone;

  beforeAll(async () => {
    microphone = await stage().sound.plugIn("StereoMicrophone", 2);
  });

  afterAll(() => microphone.pullOut());

  it("is kept in the encoding and the channels of each, and is neither stopped nor closed", () =>
    stage().play(async () => {
      await stage().openPage();
      const opus = await stage().page.evaluate(
        async () =>
          "AudioEncoder" in globalThis &&
          (await AudioEncoder.isConfigSupported({ codec: "opus", sampleRate: 16_000, numberOfChannels: 1 })).supported,
      );
      const formats = [...FORMATS, OPUS];
      const started = await start(stage(), microphone, formats);
      expect(started).toEqual(
        formats.map((format) => (format === OPUS && opus !== true ? "unsupported" : "streaming")),
      );
      await delay(SETTLE_MS);
      await stage().speakBoth("first", "third", microphone);
      const kept = await close(stage());
      const heard = [await stage().heard("left"), await stage().heard("right")];
      const stumbles: MicrophoneStumbled[] = [];
      for (const [index, format] of formats.entries()) {
        if (started[index] !== "streaming") continue;
        const { sessionId, samplesCaptured } = kept[index] as Kept;
        const chunks = await readWavChunks(await stage().recordingPath(sessionId));
        const recorded = wavChannels(chunks).map((audio, channel) => new StageRecording(audio, heard[channel] ?? []));
        expect(recorded).toHaveLength(format.hears.length);
        for (const [channel, recording] of recorded.entries()) {
          const part = stage().spoken(format.hears[channel] as Part);
          expect(recording.audio.samples).toHaveLength(samplesCaptured);
          if (format === OPUS) expect(recording.snrDb(part)).toBeGreaterThan(MIN_OPUS_SNR_DB);
          else stumbles.push(...stumblesOf(() => recording.expectSpoken(part)));
        }
      }
      console.log(`${stage().page.version}: ${opus === true ? "has" : "has no"} Opus`);
      await stage().expectReleased();
      if (stumbles[0] !== undefined) throw stumbles[0];
    }));
}

/** Whether the engine's microphone stumbled in what is demanded, which is thrown once all else has been demanded, too. */
function stumblesOf(demand: () => void): MicrophoneStumbled[] {
  try {
    demand();
    return [];
  } catch (error) {
    if (error instanceof MicrophoneStumbled) return [error];
    throw error;
  }
}

/** All at once on one node. @returns the state of each, or the code of what it failed with. */
async function start(stage: Stage, microphone: VirtualMicrophone, formats: readonly Format[]): Promise<string[]> {
  // Pages are told the names of microphones once they have one.
  await stage.page.evaluate(async () => {
    for (const track of (await navigator.mediaDevices.getUserMedia({ audio: true })).getTracks()) track.stop();
  });
  const deviceId = await stage.deviceId(microphone);
  return stage.page.evaluate(
    async ({ url, deviceId, formats, unprocessed }) => {
      const media = await navigator.mediaDevices.getUserMedia({
        audio: { deviceId: { exact: deviceId }, channelCount: 2, ...unprocessed },
      });
      const [track] = media.getAudioTracks();
      if (track === undefined) throw new Error("There is no microphone.");
      const audioContext = new AudioContext();
      const node = audioContext.createMediaStreamSource(media);
      const streams = formats.map(({ encoding, channels }) => {
        const source = sdk.mediaStream(node, { channels });
        const options = {
          encoding: encoding === "opus" ? sdk.opus() : encoding,
          channelCount: channels === "stereo" ? 2 : 1,
        } as const;
        return new sdk.AudioStream({ source, transport: sdk.webSocket(url) }, options);
      });
      globalThis.shared = { track, audioContext, streams };
      return Promise.all(
        streams.map((stream) =>
          stream.start().then(
            () => stream.state,
            (error) => error.code,
          ),
        ),
      );
    },
    { url: stage.url, deviceId, formats, unprocessed: UNPROCESSED },
  );
}

async function close(stage: Stage): Promise<Kept[]> {
  const { kept, left } = await stage.page.evaluate(async () => {
    const { track, audioContext, streams } = shared;
    await Promise.allSettled(streams.map((stream) => stream.close()));
    const left = [track.readyState, audioContext.state];
    track.stop();
    await audioContext.close();
    const kept = streams.map(async (stream) => {
      const { samplesCaptured } = await stream.getStats();
      return { sessionId: stream.sessionId, samplesCaptured };
    });
    return { left, kept: await Promise.all(kept) };
  });
  expect(left).toEqual(["live", "running"]);
  return kept;
}

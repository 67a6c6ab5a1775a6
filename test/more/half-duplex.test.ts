import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { PageStream } from "../browser/page-stream.js";
import { html, TestSite } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import type { EngineName, EnginePage } from "../support/engines/engine-page.js";
import { launchEngine } from "../support/engines/engines.js";
import { ensureSound, findEngine } from "../support/engines/find-engines.js";
import { VirtualSound } from "../support/engines/virtual-sound.js";
import { sine } from "../support/signals.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { toneLevels } from "../support/tone-level.js";
import { encodeWav, type MonoAudio, readWav } from "../support/wav.js";

declare global {
  var playback: typeof import("loquilex/playback").playback;
  var halfDuplexChanges: { silenced: boolean; position: number }[];
}

const VOICE_RATE = 24_000;
/** The voice and the person, in Hz, far enough apart to be told from each other. */
const VOICE_HZ = 2_000;
const PERSON_HZ = 500;
/** The voice is silent first, so that the person can be heard before it, then speaks in syllables with gaps between them. */
const SILENT_SEC = 8;
const SYLLABLES = 6;
const SYLLABLE_SEC = 0.3;
const GAP_SEC = 0.15;
const VOICE_SEC = SILENT_SEC + SYLLABLES * (SYLLABLE_SEC + GAP_SEC) + 4;
const PERSON_SEC = 1;
/** Of the server's file, in which levels are measured. */
const STRETCH_SEC = 0.02;
/** What the room gives back of the loudspeaker: nearly all of it, late. */
const ECHO_LATENCY_MS = 40;
/** Softer than anything that was played, and louder than what resamplers leave beside a tone. */
const AUDIBLE = 0.003;

const tone = (hz: number, rate: number, seconds: number): Float64Array =>
  Float64Array.from(sine(hz, rate, Math.round(seconds * rate), 0.3));

function voiceAudio(): MonoAudio {
  const samples = new Float64Array(VOICE_SEC * VOICE_RATE);
  for (let syllable = 0; syllable < SYLLABLES; syllable += 1) {
    const at = SILENT_SEC + syllable * (SYLLABLE_SEC + GAP_SEC);
    samples.set(tone(VOICE_HZ, VOICE_RATE, SYLLABLE_SEC), Math.round(at * VOICE_RATE));
  }
  return { samples, sampleRate: VOICE_RATE };
}

interface Heard {
  readonly audio: MonoAudio;
  /** Changes of half duplex, as the page was told. */
  readonly changes: readonly { readonly silenced: boolean; readonly position: number }[];
  readonly problems: readonly unknown[];
}

/** A person speaks before and after the server does, whose voice comes back through the microphone. */
async function converse(name: EngineName, halfDuplex: boolean): Promise<Heard | undefined> {
  const engine = await findEngine(name);
  if (engine === undefined) {
    expect(process.env.LX_ENGINES, `${name} is not on this machine.`).not.toBe("all");
    return undefined;
  }
  const folder = await temporaryFolder();
  const [voicePath, personPath] = [join(folder, "voice.wav"), join(folder, "person.wav")];
  await writeFile(voicePath, encodeWav(voiceAudio()));
  await writeFile(personPath, encodeWav({ samples: tone(PERSON_HZ, 48_000, PERSON_SEC), sampleRate: 48_000 }));
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_PLAYBACK: voicePath } });
  const scripts = ["sdk", "playback"].map((script) => `<script type="module" src="/${script}.js"></script>`);
  await using site = await TestSite.serve({ "/": { html: html(scripts.join("")) } });
  await using sound = await VirtualSound.start(10);
  const microphone = await sound.plugIn("Microphone");
  await microphone.makeDefault();
  await sound.control("set-default-sink", "loudspeaker");
  await sound.control(
    "load-module",
    "module-loopback",
    "source=loudspeaker.monitor",
    `sink=${microphone.name}-line`,
    `latency_msec=${ECHO_LATENCY_MS}`,
    "source_dont_move=yes",
    "sink_dont_move=yes",
  );
  await using page = await launchEngine(engine, sound.env);
  await page.open(site.url());
  await eventually(() => page.evaluate(() => "sdk" in globalThis && "playback" in globalThis)).toBe(true);
  const stream = await startIn(page, backend.webSocketUrl, halfDuplex);
  const secondsPlayed = () => page.evaluate(() => voice.position / (voice.sampleRate ?? 1));
  await stream.captured(500);
  await microphone.speak(personPath);
  expect(await secondsPlayed(), "The person has spoken before the voice does.").toBeLessThan(SILENT_SEC - 0.5);
  const speakingEnds = SILENT_SEC + SYLLABLES * (SYLLABLE_SEC + GAP_SEC);
  await expect.poll(secondsPlayed, { timeout: 30_000 }).toBeGreaterThan(speakingEnds + 1);
  await microphone.speak(personPath);
  await stream.captured((await stream.stats()).capturedDurationMs + 500);
  await stream.close();
  const { samplesCaptured, capturedDurationMs, acknowledgedDurationMs } = await stream.stats();
  const { drops, warnings } = await stream.record();
  const changes = await page.evaluate(() => halfDuplexChanges);
  const [file = ""] = await backend.files(".wav");
  const audio = await readWav(file);
  expect(acknowledgedDurationMs).toBe(capturedDurationMs);
  expect(audio.samples.length).toBe(samplesCaptured);
  console.log(`${page.version}, half duplex ${halfDuplex}: ${JSON.stringify(changes)}, ${warnings}`);
  return { audio, changes, problems: drops };
}

async function startIn(page: EnginePage, url: string, halfDuplex: boolean): Promise<PageStream> {
  await page.evaluate((on) => {
    globalThis.halfDuplexChanges = [];
    globalThis.voice = playback({ halfDuplex: on });
    voice.addEventListener("halfduplexchange", ({ microphoneSilenced: silenced, position }) =>
      halfDuplexChanges.push({ silenced, position }),
    );
  }, halfDuplex);
  const stream = await PageStream.create(page, url, { withVoice: true });
  await stream.start();
  return stream;
}

/** Seconds in which a tone is heard, from and to; what is closer than two stretches is one. */
function heardIn({ samples, sampleRate }: MonoAudio, hz: number): { from: number; to: number }[] {
  const levels = toneLevels(samples, hz, sampleRate, Math.round(STRETCH_SEC * sampleRate));
  const spans: { from: number; to: number }[] = [];
  for (const [index, level] of levels.entries()) {
    if (level < AUDIBLE) continue;
    const [from, to] = [index * STRETCH_SEC, (index + 1) * STRETCH_SEC];
    const last = spans.at(-1);
    if (last !== undefined && from - last.to < 3 * STRETCH_SEC) last.to = to;
    else spans.push({ from, to });
  }
  return spans;
}

/** The person is heard twice, each time from beginning to end. */
function expectPerson(audio: MonoAudio): { from: number; to: number }[] {
  const spans = heardIn(audio, PERSON_HZ);
  expect(spans, JSON.stringify(spans)).toHaveLength(2);
  for (const { from, to } of spans) expect(Math.abs(to - from - PERSON_SEC)).toBeLessThan(0.15);
  return spans;
}

beforeAll(ensureSound);

// A busy engine leaves out some milliseconds of its own microphone now and then: then all is said again.
describe.each(["chromium", "firefox"] as const)(
  "a loudspeaker that the microphone hears, in %s",
  { timeout: 120_000, retry: 2 },
  (name) => {
    it("is heard by the server without half duplex", async () => {
      const heard = await converse(name, false);
      if (heard === undefined) return;
      const seconds = heardIn(heard.audio, VOICE_HZ).reduce((sum, { from, to }) => sum + to - from, 0);
      expect(seconds).toBeGreaterThan((SYLLABLES - 2) * SYLLABLE_SEC);
      expect(heard.changes).toEqual([]);
      expect(heard.problems).toEqual([]);
    });

    it("is not heard at all with it, and what the person says before and after is whole", async () => {
      const heard = await converse(name, true);
      if (heard === undefined) return;
      const { audio, changes } = heard;
      const [before, after] = expectPerson(audio);
      expect(heardIn(audio, VOICE_HZ)).toEqual([]);
      expect(heard.problems).toEqual([]);
      // The account: what lies between two changes is silence to the sample. A busy engine runs empty in the middle of the voice,
      // and the microphone is open meanwhile.
      expect(changes.length).toBeGreaterThan(0);
      expect(changes.map(({ silenced }) => silenced)).toEqual(changes.map((_, index) => index % 2 === 0));
      const positions = changes.map(({ position }) => position);
      const spans = positions.flatMap((from, index) =>
        index % 2 === 0 ? [{ from, to: positions[index + 1] ?? 0 }] : [],
      );
      for (const { from, to } of spans) {
        expect(to).toBeGreaterThan(from);
        expect(audio.samples.subarray(from, to).every((sample) => sample === 0)).toBe(true);
      }
      expect(before?.to).toBeLessThan((spans[0]?.from ?? 0) / audio.sampleRate);
      expect(after?.from).toBeGreaterThan((spans.at(-1)?.to ?? 0) / audio.sampleRate);
      const silencedSec = spans.reduce((sum, { from, to }) => sum + to - from, 0) / audio.sampleRate;
      expect(silencedSec).toBeGreaterThan(SYLLABLES * SYLLABLE_SEC);
      expect(silencedSec).toBeLessThan(audio.samples.length / audio.sampleRate / 2);
    });
  },
);

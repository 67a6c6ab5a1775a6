/**
 * A program for tests that kill it or take its disk away: records an endless stream as the backend does, a segment each
 * second, and prints what it was told, one JSON array a line. Arguments: folder, audio seconds per real second.
 */
import { Scope, systemClock } from "loquilex/resources";
import type { Engine } from "../../examples/server/engines/engine.js";
import { createLog } from "../../examples/server/logging/log.js";
import { openRecordingDisk } from "../../examples/server/recording/disk/recording-disk.js";
import { Recording } from "../../examples/server/recording/recording.js";

const FRAME_SAMPLES = 320;
const SAMPLE_RATE = 16_000;

const say = (...line: unknown[]): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

/** Numbers the seconds. */
const counter: Engine = {
  name: "counter",
  open: ({ onSegment }) => {
    let seconds = 0;
    return {
      write(_samples, position) {
        for (; position >= (seconds + 1) * SAMPLE_RATE; seconds += 1) {
          const [from, to] = [seconds * SAMPLE_RATE, (seconds + 1) * SAMPLE_RATE];
          onSegment({ text: `second ${seconds}`, segmentId: `s-${seconds}`, final: true, from, to });
          onSegment({ text: "and…", segmentId: `s-${seconds + 1}`, final: false, from: to, to });
        }
        return undefined;
      },
      gap() {},
      async end() {},
      async dispose() {},
    };
  },
};

const [outDir = "", pace = "1"] = process.argv.slice(2);
const scope = new Scope({ name: "recording" });
const recording = new Recording({
  sessionId: "endless",
  format: { encoding: "pcm_s16le", sampleRate: SAMPLE_RATE, channels: 1 },
  startPosition: 0,
  outDir,
  disk: openRecordingDisk(outDir, systemClock, new Scope({ name: "disk" })),
  engine: counter,
  logger: createLog({ logLevel: "silent" }),
  clock: systemClock,
  scope,
  onKept: (position) => say("kept", position),
  onEvent: (t, data) => say(t, data),
  onFailed: (error) => {
    say("failed", error.name, error.message);
    void recording.end().catch((reason: unknown) => say("end failed", String(reason)));
  },
});

let position = 0;
const tick = (): void => {
  for (let count = Number(pace); count > 0; count -= 1) {
    const payload = new Uint8Array(2 * FRAME_SAMPLES);
    const view = new DataView(payload.buffer);
    // Each sample says where it belongs.
    for (let index = 0; index < FRAME_SAMPLES; index += 1) view.setUint16(2 * index, (position + index) & 0xffff, true);
    recording.append({ flags: 0, position, sampleCount: FRAME_SAMPLES, payload });
    position += FRAME_SAMPLES;
  }
  scope.timeout((1_000 * FRAME_SAMPLES) / SAMPLE_RATE, tick);
};
tick();

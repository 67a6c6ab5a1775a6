/**
 * A pool's thread for tests. The first byte of a piece of audio says what happens: a number of {@link Mood}. It tells of
 * every piece that it survives, as a caption that the next one replaces.
 */
import { serveRuns } from "../../../examples/server/engines/serve-runs.js";
import { Mood } from "../thread-moods.js";

const pause = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

serveRuns(({ startPosition, onSegment }) => {
  const tell = (text: string, to: number, final: boolean) =>
    onSegment({ text, segmentId: `from ${startPosition}`, final, from: startPosition, to });
  let heard = startPosition;
  return {
    write(samples, position) {
      if (samples[0] === Mood.throws) throw new Error("It met a sound it could not bear");
      if (samples[0] === Mood.dies) process.exit(7);
      if (samples[0] === Mood.hangs) pause(3_600_000);
      if (samples[0] === Mood.slow) pause(100);
      heard = position + samples.byteLength / 2;
      tell(`heard ${position} to ${heard}`, heard, false);
    },
    gap(from, to) {
      tell(`gap ${from} to ${to}`, to, false);
    },
    end() {
      tell("end", heard, true);
    },
  };
});

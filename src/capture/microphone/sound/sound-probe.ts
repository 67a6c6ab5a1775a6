import { deferred } from "../../../internal/deferred.js";
import type { Scope } from "../../../internal/scope.js";
import { within } from "../../../internal/within.js";
import { resumeQuietly } from "../../graph/context-monitor.js";

/** For how long sound is waited for, in milliseconds. */
const LIMIT_MS = 3_000;
/** How often the probe listens, in milliseconds. */
const LOOK_MS = 40;
/** To how many samples it listens: about as many as come in between. */
const WINDOW_SAMPLES = 2_048;
/** One look with sound may be the click that a device makes when it is opened. */
const LOOKS_WITH_SOUND = 3;

/**
 * Listens to a track that is not captured, beside the one that is. Digital zeros are no sound. What the browser does not
 * let listen to is taken to give some.
 * @param scope of the track.
 * @param context of the sound that is captured.
 * @returns whether sound comes within a few seconds.
 * @throws the reason of the scope's end.
 */
export async function givesSound(scope: Scope, context: AudioContext, track: MediaStreamTrack): Promise<boolean> {
  const probe = scope.child("sound probe");
  const sound = deferred<boolean>();
  try {
    const analyser = listenTo(probe, context, track);
    if (analyser === undefined) return true;
    const samples = new Float32Array(analyser.fftSize);
    let looks = 0;
    const look = (): void => {
      analyser.getFloatTimeDomainData(samples);
      if (samples.some((sample) => sample !== 0)) looks += 1;
      if (track.readyState === "ended") sound.resolve(false);
      else if (looks >= LOOKS_WITH_SOUND) sound.resolve(true);
      else probe.timeout(LOOK_MS, look, "sound probe");
    };
    look();
    return await within(probe, LIMIT_MS, sound.promise, false);
  } finally {
    void probe.dispose();
  }
}

function listenTo(probe: Scope, context: AudioContext, track: MediaStreamTrack): AnalyserNode | undefined {
  try {
    const source = sourceOf(probe, context, new MediaStream([track]));
    const analyser = new AnalyserNode(source.context, { fftSize: WINDOW_SAMPLES });
    source.connect(analyser);
    probe.defer("sound probe", () => source.disconnect(analyser));
    return analyser;
  } catch {
    return undefined;
  }
}

function sourceOf(probe: Scope, context: AudioContext, stream: MediaStream): AudioNode {
  try {
    return context.createMediaStreamSource(stream);
  } catch {
    // Firefox connects no device of another rate, which a context of the rate that it chooses now may be able to.
    const another = new AudioContext();
    probe.defer("audio context", () => another.close());
    resumeQuietly(another);
    return another.createMediaStreamSource(stream);
  }
}

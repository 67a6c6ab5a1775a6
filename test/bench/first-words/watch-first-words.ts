declare global {
  /** Defined in pages that run {@link watchFirstWords} first. */
  var firstWordsTimes: () => FirstWordsTimes;
}

/** When things happened, on the page's `performance.now()` clock; what has not happened is `NaN`. */
export interface FirstWordsTimes {
  readonly pressedMs: number;
  readonly streamingMs: number;
  /** When the microphone was first loud. */
  readonly spokenMs: number;
  /** When a caption that may still change was first shown. */
  readonly partialMs: number;
  /** When a caption that stands was first shown. */
  readonly finalMs: number;
}

/**
 * Notes when the microphone hears a voice, and when the demo page shows words. Runs in the page before any script of its own, as
 * text: it must use nothing from outside itself.
 */
export function watchFirstWords(): void {
  const times = {
    pressedMs: Number.NaN,
    streamingMs: Number.NaN,
    spokenMs: Number.NaN,
    partialMs: Number.NaN,
    finalMs: Number.NaN,
  };
  const note = (what: keyof typeof times): void => {
    if (Number.isNaN(times[what])) times[what] = performance.now();
  };
  globalThis.firstWordsTimes = () => times;
  const { mediaDevices } = navigator;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (constraints) => {
    const media = await open(constraints);
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 256 });
    const [track] = media.getAudioTracks();
    context.createMediaStreamSource(new MediaStream([track?.clone() as MediaStreamTrack])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      // Far above the silence of the file, and below the quietest beginning of a word.
      if (!samples.some((sample) => Math.abs(sample) > 0.02)) return;
      note("spokenMs");
      clearInterval(timer);
    }, 5);
    return media;
  };
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("start")?.addEventListener("click", () => note("pressedMs"));
    const look = (): void => {
      if (document.body.dataset.state === "streaming") note("streamingMs");
      if (document.getElementById("partial")?.textContent) note("partialMs");
      if (document.querySelector("#finals li") !== null) note("finalMs");
    };
    new MutationObserver(look).observe(document.body, {
      attributes: true,
      characterData: true,
      childList: true,
      subtree: true,
    });
  });
}

import { type AudioStream, createMicrophoneStream, createTranscript } from "loquilex";
import createModule, { type Decoder, type SoundSwallowerModule } from "soundswallower";
import { Listener } from "./listener.js";
import { PageServer } from "./page-server.js";

const PHRASES = ["switch on the light", "switch off the light", "switch on the radio", "switch off the radio"];
const GRAMMAR = `#JSGF V1.0; grammar phrases; public <phrase> = ${PHRASES.join(" | ")};`;
const SAMPLE_RATE = 16_000;
/** A file of this site, because the page's policy forbids blobs. */
const WORKLET_URL = new URL("../../dist/capture.worklet.js", import.meta.url);

/** The recogniser understands sound better that nothing has been taken from. */
const UNTOUCHED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

interface Recogniser {
  readonly module: SoundSwallowerModule;
  readonly decoder: Decoder;
}

const byId = (id: string): HTMLElement => {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element ${id}.`);
  return element;
};
const show = (id: string, text: string): void => {
  byId(id).textContent = text;
};

let recogniser: Promise<Recogniser> | undefined;
let stream: AudioStream | undefined;

/** The model has 9 MB, and is loaded at the first start. */
async function load(): Promise<Recogniser> {
  const module = await createModule();
  const hmm = new URL("model/en-us", document.baseURI).href;
  const decoder = new module.Decoder({ hmm, samprate: SAMPLE_RATE, loglevel: "ERROR" });
  await decoder.initialize();
  decoder.set_grammar(GRAMMAR);
  return { module, decoder };
}

async function start(): Promise<void> {
  stream?.abort();
  show("problem", "");
  show("state", "loading the recogniser");
  recogniser ??= load();
  // The microphone is asked for inside the click; until the model is there, what is said waits in the stream.
  const server = (async () => {
    const { module, decoder } = await recogniser;
    return new PageServer((say) => new Listener(decoder, new module.Endpointer({ samprate: SAMPLE_RATE }), say));
  })();
  const current = createMicrophoneStream(
    { connect: async (options) => (await server).connect(options) },
    { microphone: { workletUrl: WORKLET_URL, ...UNTOUCHED } },
  );
  stream = current;
  const transcript = createTranscript(current);
  transcript.subscribe(() => {
    show("captions", transcript.text);
    show("problem", "");
  });
  current.addEventListener("statechange", () => show("state", current.state));
  current.addEventListener("warning", ({ error }) => show("problem", error.message));
  current.addEventListener("error", ({ error }) => show("problem", error.message));
  await current.start().catch(() => {
    // The model is loaded anew at the next start, if it was that which failed.
    recogniser?.catch(() => {
      recogniser = undefined;
    });
  });
}

byId("phrases").replaceChildren(
  ...PHRASES.map((phrase) => {
    const item = document.createElement("li");
    item.textContent = phrase;
    return item;
  }),
);
byId("start").addEventListener("click", () => void start());
byId("stop").addEventListener("click", () => void stream?.close());

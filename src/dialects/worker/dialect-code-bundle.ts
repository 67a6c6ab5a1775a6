/** What the function that the build makes gives: see `dialect-code.ts`. */
import type { TransportMaker } from "../../transport/portable.js";
import { assemblyAIDialect } from "../assemblyai.js";
import { deepgramDialect } from "../deepgram.js";
import { deepgramFluxDialect } from "../deepgram-flux.js";
import type { Dialect } from "../dialect.js";
import { dialectTransport } from "../dialect-transport.js";
import { elevenLabsDialect } from "../elevenlabs.js";
import { gladiaDialect } from "../gladia.js";
import { openAIDialect } from "../openai.js";
import { sherpaOnnxDialect } from "../sherpa-onnx.js";
import { sonioxDialect } from "../soniox.js";
import { speechmaticsDialect } from "../speechmatics.js";
import { voskDialect } from "../vosk.js";
import { whisperLiveDialect } from "../whisper-live.js";
import type { NamedDialect, ServiceName } from "./service-transport.js";

const DIALECTS: Readonly<Record<ServiceName, (...given: never[]) => Dialect>> = {
  assemblyai: assemblyAIDialect,
  deepgram: deepgramDialect,
  "deepgram-flux": deepgramFluxDialect,
  elevenlabs: elevenLabsDialect,
  gladia: gladiaDialect,
  openai: openAIDialect,
  "sherpa-onnx": sherpaOnnxDialect,
  soniox: sonioxDialect,
  speechmatics: speechmaticsDialect,
  vosk: voskDialect,
  "whisper-live": whisperLiveDialect,
};

export const makeTransport: TransportMaker = (given) => {
  const [name, options, ...rest] = JSON.parse(given) as NamedDialect;
  return dialectTransport(DIALECTS[name](...(rest as never[])), options);
};

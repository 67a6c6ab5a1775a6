import { WebSocket as NodeWebSocket } from "ws";
import { assemblyAI } from "../../../src/dialects/assemblyai.js";
import { deepgram } from "../../../src/dialects/deepgram.js";
import { deepgramFlux } from "../../../src/dialects/deepgram-flux.js";
import { elevenLabs } from "../../../src/dialects/elevenlabs.js";
import { gladia } from "../../../src/dialects/gladia.js";
import { openAI } from "../../../src/dialects/openai.js";
import { soniox } from "../../../src/dialects/soniox.js";
import { speechmatics } from "../../../src/dialects/speechmatics.js";
import { AudioStream } from "../../../src/stream/audio-stream.js";
import type { Transport } from "../../../src/transport/transport.js";
import { VENDORS, type VendorName } from "../../more/vendors/vendors.js";
import { GladiaService } from "../../support/dialects/gladia-service.js";
import { ServiceHost } from "../../support/dialects/speech-service.js";
import { StampedSource } from "../../support/stamped-source.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import { breakDown } from "./outage.js";
import { accountForWords, END_AT, OUTAGE_AT, type WordAccount } from "./script.js";

// The same interface as the browser's, which its types do not say.
const WebSocket = NodeWebSocket as unknown as typeof globalThis.WebSocket;

const TRANSPORTS: Readonly<Record<VendorName, (url: string) => Transport>> = {
  deepgram: (url) => deepgram({ url, WebSocket }),
  "deepgram-flux": (url) => deepgramFlux({ url, WebSocket }),
  assemblyai: (url) => assemblyAI({ url, WebSocket }),
  speechmatics: (url) => speechmatics({ url, WebSocket }),
  gladia: () => gladia({ WebSocket }),
  soniox: (url) => soniox({ url, WebSocket }),
  openai: (url) => openAI({ url, WebSocket }),
  elevenlabs: (url) => elevenLabs({ url, WebSocket }),
};

/** A stream with the service's dialect and default options through the outage. */
export async function measureOurs(name: VendorName): Promise<WordAccount> {
  const { service: makeService, sampleRate } = VENDORS[name];
  const service = makeService();
  await using host = await ServiceHost.listen(service);
  await using proxy = await TcpProxy.listen({ targetPort: host.port });
  const url = `ws://127.0.0.1:${proxy.port}/`;
  const source = new StampedSource({ tailSamples: 0 });
  let tokens = 0;
  const getToken = (): string =>
    service instanceof GladiaService ? `${url}?token=${service.createJob()}` : `token-${++tokens}`;
  const stream = new AudioStream({ source, transport: TRANSPORTS[name](url) }, { getToken, sampleRate });
  const finals: string[] = [];
  stream.addEventListener("caption", ({ final, text }) => {
    if (final) finals.push(text);
  });
  const at = (position: number): Promise<void> => source.captured((position / sampleRate) * 1_000);
  await stream.start();
  await at(OUTAGE_AT);
  const outage = breakDown(proxy);
  await at(END_AT);
  await outage;
  await stream.close({ timeoutMs: 60_000 });
  return accountForWords(finals);
}

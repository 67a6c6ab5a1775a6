import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { scriptWord } from "../../support/dialects/scripted-recogniser.js";
import { ServiceHost, type SpeechService } from "../../support/dialects/speech-service.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES, stampedPayload } from "../../support/stamped-audio.js";
import { TLS, type VendorAddress, VendorClient } from "./vendor-client.js";
import { VENDORS, type VendorName } from "./vendors.js";

/** What brings a refusal about, and what the client says of it. */
const REFUSALS: Readonly<Record<VendorName, readonly [of: "wrong token" | "second use" | "wrong rate", said: RegExp]>> =
  {
    deepgram: ["wrong token", /^failed .*401/],
    "deepgram-flux": ["wrong token", /^failed .*401/],
    assemblyai: ["second use", /^failed Not authorized/],
    speechmatics: ["wrong token", /^failed not_authorised/],
    gladia: ["wrong token", /^failed .*Gladia key not found/],
    soniox: ["wrong token", /^failed It went wrong/],
    openai: ["wrong rate", /^failed .*code=invalid_format/],
    elevenlabs: ["second use", /^failed The token is not valid/],
  };

const NAMES = Object.keys(VENDORS) as VendorName[];
/** Some services take each only once. */
const [TOKEN, ANOTHER_TOKEN] = ["first", "second"];

/** A service that refuses other tokens, if it knows any. */
function serviceOf(name: VendorName): SpeechService {
  const service = VENDORS[name].service();
  if ("valid" in service) service.valid = new Set([TOKEN, ANOTHER_TOKEN]);
  return service;
}

const listen = (name: VendorName): Promise<ServiceHost> =>
  ServiceHost.listen(serviceOf(name), { tls: VENDORS[name].isSecure ? TLS : undefined });

const addressOf = (name: VendorName, { webSocketUrl, httpUrl }: ServiceHost): VendorAddress => ({
  webSocket: webSocketUrl,
  http: httpUrl,
  token: TOKEN,
  sampleRate: VENDORS[name].sampleRate,
});

const CHUNK_MS = 100;

/** Sends the words from one to before another of the script, as fast as they are spoken. */
async function speak(client: VendorClient, sampleRate: number, from: number, to: number): Promise<void> {
  const chunk = (sampleRate * CHUNK_MS) / 1_000;
  const [start, end] = [from * CYCLE_SAMPLES, to * CYCLE_SAMPLES];
  const startedAt = performance.now();
  for (let at = start; at < end; at += chunk) {
    client.send(stampedPayload(at, Math.min(chunk, end - at)));
    const dueAt = startedAt + ((at + chunk - start) / sampleRate) * 1_000;
    await delay(Math.max(0, dueAt - performance.now()));
  }
}

const words = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, n) => scriptWord(from + n)).join(" ");

describe.concurrent("a vendor's own client, before the local server of its service,", () => {
  it.for(NAMES)("has a session, a loss, a reconnection and an end: %s", async (name) => {
    const { sampleRate, reconnects } = VENDORS[name];
    await using host = await listen(name);
    await using client = await VendorClient.start(name);
    client.open(addressOf(name, host));
    await client.until("to open", () => client.count("opened") === 1);
    await speak(client, sampleRate, 0, 3);
    await client.until("to have the first utterance", () => client.finals.length === 1);
    expect(client.finals).toMatchObject([{ text: words(0, 3), from: 0 }]);
    expect(client.count("partial")).toBeGreaterThan(0);

    host.cut();
    await client.until("to notice the loss", () => client.count("closed") > 0);
    if (!reconnects) client.open({ ...addressOf(name, host), token: ANOTHER_TOKEN });
    await client.until("to be connected again", () => client.count("opened") === 2);
    await speak(client, sampleRate, 3, 6);
    await client.until("to have the second utterance", () => client.finals.length === 2);
    expect(client.finals[1]?.text).toBe(words(3, 6));
    // One service goes on with its session, and the others begin another one.
    expect(client.finals[1]?.from).toBeCloseTo(name === "gladia" ? (3 * CYCLE_SAMPLES) / sampleRate : 0, 2);

    // The end comes right after the word: what is not final has to become so. Only Flux ends no turn by that.
    client.send(stampedPayload(6 * CYCLE_SAMPLES, LOUD_SAMPLES + 1_600));
    client.end();
    await client.until("to end", () => client.count("ended") === 1);
    const kind = name === "deepgram-flux" ? "partial" : "final";
    const last = () => client.said.findLast(({ what }) => what === kind)?.text;
    await client.until("to have the last word", () => last() === scriptWord(6));
    expect(host.sockets).toHaveLength(2);
  });

  it.for(NAMES)("says what was refused: %s", async (name) => {
    const [of, said] = REFUSALS[name];
    await using host = await listen(name);
    const address = addressOf(name, host);
    await using client = await VendorClient.start(name);
    if (of === "second use") {
      client.open(address);
      await client.until("to open", () => client.count("opened") === 1);
    }
    const openedBefore = client.count("opened");
    client.open({
      ...address,
      ...(of === "wrong token" && { token: "wrong" }),
      ...(of === "wrong rate" && { sampleRate: 8_000 }),
    });
    await client.until("to be refused", () => client.said.some(({ what, text }) => said.test(`${what} ${text}`)));
    // Soniox' client calls itself connected before the service has seen its key.
    expect(client.count("opened")).toBe(openedBefore + (name === "soniox" ? 1 : 0));
  });
});

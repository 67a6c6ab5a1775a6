import { setTimeout as delay } from "node:timers/promises";
import { TLS, type VendorAddress, VendorClient } from "../../more/vendors/vendor-client.js";
import { VENDORS, type VendorName } from "../../more/vendors/vendors.js";
import { ServiceHost } from "../../support/dialects/speech-service.js";
import { stampedPayload } from "../../support/stamped-audio.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import { breakDown } from "./outage.js";
import { accountForWords, END_AT, OUTAGE_AT, type WordAccount } from "./script.js";

const CHUNK_MS = 100;
/** How often an application tries again that has to do so itself. */
const AGAIN_MS = 500;
/** How long the end is waited for. */
const END_MS = 20_000;
/** Some clients tell of their end before they have handed on the last message. */
const SETTLE_MS = 500;

/** The vendor's own client through the outage. */
export async function measureTheirs(name: VendorName): Promise<WordAccount> {
  const { service, sampleRate, isSecure, reconnects } = VENDORS[name];
  await using host = await ServiceHost.listen(service(), { tls: isSecure ? TLS : undefined });
  await using proxy = await TcpProxy.listen({ targetPort: host.port });
  await using client = await VendorClient.start(name);
  let sessions = 0;
  const open = (): void => {
    sessions += 1;
    const address = (url: string): string => url.replace(String(host.port), String(proxy.port));
    const where: Pick<VendorAddress, "webSocket" | "http"> = {
      webSocket: address(host.webSocketUrl),
      http: address(host.httpUrl),
    };
    client.open({ ...where, token: `token-${sessions}`, sampleRate });
  };
  open();
  await client.until("to open", () => client.count("opened") > 0);
  const chunk = (sampleRate * CHUNK_MS) / 1_000;
  const startedAt = performance.now();
  let [outage, triedAt]: [Promise<void> | undefined, number] = [undefined, 0];
  for (let at = 0; at < END_AT; at += chunk) {
    // It is told to send whether or not it is connected, as a microphone would.
    client.send(stampedPayload(at, Math.min(chunk, END_AT - at)));
    await delay(Math.max(0, startedAt + ((at + chunk) / sampleRate) * 1_000 - performance.now()));
    if (at >= OUTAGE_AT) outage ??= breakDown(proxy);
    const isLost = client.count("closed") > 0 && client.count("opened") < 2;
    if (reconnects || !isLost || performance.now() - triedAt < AGAIN_MS) continue;
    triedAt = performance.now();
    open();
  }
  await outage;
  client.end();
  await Promise.race([client.until("to end", () => client.count("ended") > 0), delay(END_MS)]);
  await delay(SETTLE_MS);
  return accountForWords(client.finals.map(({ text }) => text));
}

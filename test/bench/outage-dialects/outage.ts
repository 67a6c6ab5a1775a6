import { setTimeout as delay } from "node:timers/promises";
import type { TcpProxy } from "../../support/tcp-proxy.js";

const BLACK_HOLE_MS = 500;
const REFUSED_MS = 1_500;

/** The link swallows everything, is then reset, and connections are refused for a while. */
export async function breakDown(proxy: TcpProxy): Promise<void> {
  proxy.strand("toServer", "toClient");
  await delay(BLACK_HOLE_MS);
  proxy.refuse();
  proxy.reset();
  await delay(REFUSED_MS);
  await proxy.accept();
}

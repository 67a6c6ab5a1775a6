import { lookup } from "node:dns";
import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { DownloadFailure } from "./download-failure.js";

const MAX_REDIRECTS = 5;

/** Addresses that only this machine, its network or its provider can reach. */
const PRIVATE = new BlockList();
for (const [address, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  PRIVATE.addSubnet(address, prefix, "ipv4");
}
for (const [address, prefix] of [
  ["::", 96],
  ["::ffff:0:0", 96],
  ["64:ff9b::", 96],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  PRIVATE.addSubnet(address, prefix, "ipv6");
}

const isPrivate = (address: string): boolean => PRIVATE.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

/**
 * Asks for a model, and follows redirects: to the hosts that the catalogue names, and to any other that is public.
 * @param listed hosts of the catalogue, with their ports. @throws DownloadFailure, or the network's error.
 */
export async function requestModel(address: string, listed: readonly string[]): Promise<IncomingMessage> {
  let url = new URL(address);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await ask(url, listed.includes(url.host));
    const { statusCode: status = 0, headers } = response;
    if (status === 200) return response;
    response.destroy();
    const next = status >= 300 && status < 400 ? headers.location : undefined;
    if (next === undefined || !URL.canParse(next, url)) throw badAnswer(`answered ${status}`);
    url = new URL(next, url);
    if (!/^https?:$/.test(url.protocol)) throw badAnswer("leads to something that is not on the web");
  }
  throw badAnswer("leads from one address to the next without end");
}

function ask(url: URL, isListed: boolean): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  // A name is judged by the address that is connected to: what another look-up says may differ.
  if (!isListed && isIP(host) !== 0 && isPrivate(host)) return Promise.reject(privateAddress());
  const get = url.protocol === "https:" ? httpsGet : httpGet;
  return new Promise((resolve, reject) => {
    const options = { agent: false, ...(isListed ? {} : { lookup: lookUpPublic }) };
    get(url, options, resolve).on("error", reject);
  });
}

const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, found, family) => {
    const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
    if (error === null && addresses.some(isPrivate)) callback(privateAddress(), "", 0);
    else callback(error, found, family);
  });
};

const badAnswer = (what: string): DownloadFailure =>
  new DownloadFailure("bad_answer", `The model's server ${what}; check the catalogue's address.`);

const privateAddress = (): DownloadFailure =>
  new DownloadFailure(
    "private_address",
    "The model's server leads to a private address, which is followed only to hosts that the catalogue names.",
  );

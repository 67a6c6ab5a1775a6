import { checkEach, checkObject, isObject, numberFrom, oneOf, optional } from "../../internal/arguments.js";
import { sentenceOf } from "../../internal/text-of.js";
import { checkAddress, toWebSocketUrl } from "../../transport/web-address.js";

const DAY_MS = 86_400_000;

/** What dialects take, each the ones it has. */
const CHECKS = {
  url: optional(checkAbsolute),
  query: optional(checkFields),
  config: optional(checkFields),
  input: optional(checkFields),
  credential: optional(oneOf(["bearer", "token"])),
  sampleRate: optional(numberFrom(8_000, 48_000)),
  sessionMs: optional(numberFrom(10_000, 365 * DAY_MS)),
};

/** Returns the options of a dialect. @throws TypeError or RangeError naming the one that cannot be. */
export function checked<Options extends object>(options: Options): Options {
  checkObject("options", options);
  checkEach("", options, {}, CHECKS);
  return options;
}

/** Returns the address of a service. @throws TypeError if it is none. */
export function checkedAddress(url: string | URL): string | URL {
  checkAddress(url);
  toWebSocketUrl(url);
  return url;
}

function checkAbsolute(name: string, value: unknown): void {
  checkAddress(value);
  if (!URL.canParse(String(value)))
    throw new TypeError(`${name} must be an absolute address, and is "${String(value)}".`);
  toWebSocketUrl(value);
}

function checkFields(name: string, value: unknown): void {
  if (!isObject(value) || Array.isArray(value))
    throw new TypeError(`${name} must be an object, and is ${String(value)}.`);
  try {
    JSON.stringify(value);
  } catch (cause) {
    throw new TypeError(`${name} must be what JSON can hold: ${sentenceOf(cause)}`);
  }
}
